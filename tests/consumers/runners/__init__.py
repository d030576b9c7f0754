"""One program per consumer, which runs in the consumer's own environment."""
