"""Networks that denoise motion: one protocol, a torch engine and a NumPy engine."""
