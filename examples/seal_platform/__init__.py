"""A small seal platform to try things with: keys of its own, a test seal, faults.

See docs/seal-platforms.md. It is a test bench and not a product.
"""
