"""Proof by consumer: what other programs see in an export, and what breaks them."""
