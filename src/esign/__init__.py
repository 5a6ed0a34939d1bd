"""The signing core: keys, signatures, seals and PDFs; nothing of licenses."""
