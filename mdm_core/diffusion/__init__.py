"""Denoising diffusion in plain array arithmetic: schedule, samplers, guidance. No network lives here."""
