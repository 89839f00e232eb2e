"""Whole datasets: that they are whole, and several made into one."""
