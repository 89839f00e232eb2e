"""The Ray adapters: the only place that imports ray. They know how to spread units, not what a unit is."""
