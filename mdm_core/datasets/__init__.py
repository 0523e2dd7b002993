"""From motion capture on disk to training clips: reading, cleaning, captions, packing. No torch here."""
