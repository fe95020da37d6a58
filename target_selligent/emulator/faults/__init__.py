"""What goes wrong on purpose: fault rules, and the quota of calls."""
