"""RePaint's walk through the noise levels: each is left and entered again, so that seams of a mask grow together."""

from __future__ import annotations

import math

from mdm_core.arrays import Array
from mdm_core.diffusion.samplers import Constrain, Noise, OnStep, Sampler, predict
from mdm_core.diffusion.schedule import Schedule
from mdm_core.engine.base import Conditioning, Denoiser


def resampled(rounds: int) -> Sampler:
    """Ancestral sampling with `rounds` passes of every level but the last (Lugmayr et al. 2022, alg. 1, jumps of 1).

    noise(i) is asked for with the number of the pass; on_step counts passes.
    """

    def sample(
        denoiser: Denoiser,
        conditioning: Conditioning,
        schedule: Schedule,
        x: Array,
        noise: Noise,
        *,
        on_step: OnStep | None = None,
        constrain: Constrain | None = None,
    ) -> Array:
        total, done = rounds * (len(schedule) - 1) + 1, 0
        for t in reversed(range(len(schedule))):
            for again in range(rounds if t > 0 else 1):
                if again:
                    beta = float(schedule.betas[t])
                    x = math.sqrt(1 - beta) * x + math.sqrt(beta) * noise(done)
                x0 = predict(denoiser, conditioning, schedule, x, t, constrain)
                x = float(schedule.posterior_mean_x0[t]) * x0 + float(schedule.posterior_mean_xt[t]) * x
                if t > 0:
                    x = x + math.sqrt(schedule.posterior_variance[t]) * noise(done)
                done += 1
                if on_step:
                    on_step(done, total)
        return x

    return sample
