"""What all users of PDFium in a process share."""

import threading

LOCK = threading.Lock()
"""Held around every use of PDFium: two threads must not call it at once."""
