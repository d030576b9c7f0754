"""What remains when something breaks: processes, disks, sources, clocks, and two runs at once."""
