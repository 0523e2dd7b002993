"""Training the encoder network on a pack. Needs torch; nothing of it is needed to generate."""
