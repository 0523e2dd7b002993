"""Where networks come from: our bundles, and the authors' checkpoints."""
