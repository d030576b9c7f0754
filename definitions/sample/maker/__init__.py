"""What `make_sample.py` makes the sample project of."""
