"""What a person submits: one short module a command. `pagemill <name>` and `python -m jobs.<name>` are the same."""
