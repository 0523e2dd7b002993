"""The published models and text encoders: what each is for, its terms, and where its authors offer it.

Facts only, from the authors' pages (spec/mdm.md section 1); nothing is fetched here. Sizes are those of the parameters
in float32, in the files of the models of 2025 twice, for their moving average is beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

from mdm_core.checkpoints.library import check_name
from mdm_core.errors import MotionError

DRIVE = "https://drive.google.com/file/d/{}/view"
HUGGING_FACE = "https://huggingface.co/guytevet/CLoSD"
DIP = HUGGING_FACE + "/resolve/main/checkpoints/dip/{folder}/"
CLIP_SHA256 = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
CLIP_URL = f"https://openaipublic.azureedge.net/clip/models/{CLIP_SHA256}/ViT-B-32.pt"
BERT = "https://huggingface.co/distilbert/distilbert-base-uncased"

MDM = "Tevet et al.: Human Motion Diffusion Model, ICLR 2023"
CLOSD = (
    "Tevet et al.: CLoSD: Closing the Loop between Simulation and Diffusion for multi-task character control, ICLR 2025"
)
RADFORD = "Radford et al.: Learning Transferable Visual Models From Natural Language Supervision, ICML 2021"
SANH = "Sanh et al.: DistilBERT, a distilled version of BERT, 2019"

HUMANML3D = (
    "MIT for the authors' code and files; trained on HumanML3D, whose motion is from AMASS (licence for non-commercial "
    "research) and HumanAct12: whether those terms reach the trained weights is unsettled"
)
KIT = "MIT for the authors' code and files; trained on the KIT Motion-Language Dataset, whose terms apply to it"
HUMANACT12 = (
    "MIT for the authors' code and files; trained on HumanAct12 (from PHSPD, for research): whether its terms reach "
    "the trained weights is unsettled"
)
UESTC = (
    "MIT for the authors' code and files; trained on UESTC RGB-D (for research): whether its terms reach the trained "
    "weights is unsettled"
)


@dataclass(frozen=True)
class Remote:
    """A file that a server gives directly. sha256: as its publisher states it, or None if it does not."""

    url: str
    name: str
    sha256: str | None = None


@dataclass(frozen=True)
class Entry:
    """A published model. folders: what the authors call it, by which a download is recognised.

    kind: "text", "action", "unconditional" or "text encoder". parameters: without text encoder. page: where a person
    downloads it. files: what `mdm models get` fetches, () where the page has to be visited. encoder: an entry's name.
    """

    name: str
    kind: str
    does: str
    parameters: int
    page: str
    licence: str
    citation: str
    folders: tuple[str, ...] = ()
    files: tuple[Remote, ...] = ()
    encoder: str = ""
    averaged: bool = False

    @property
    def megabytes(self) -> int:
        """Of the weights as they are offered, about."""
        return round(4e-6 * self.parameters * (2 if self.averaged else 1))


def dip(folder: str, weights: str) -> tuple[Remote, ...]:
    """The two files of a DiP."""
    base = DIP.format(folder=folder)
    return (Remote(base + "args.json", "args.json"), Remote(base + weights, weights))


CLIP_NAME, BERT_NAME = "clip-vit-b-32", "distilbert-base-uncased"

CATALOG: tuple[Entry, ...] = (
    Entry(
        "humanml-encoder-512-50steps",
        "text",
        "words to motion in 50 steps; the quickest of the CLIP models, R@3 .749, FID .489",
        17_880_327,
        DRIVE.format("1cfadR1eZ116TIdXK7qDX1RugAerEiJXr"),
        HUMANML3D,
        MDM,
        ("humanml_enc_512_50steps",),
        encoder=CLIP_NAME,
        averaged=True,
    ),
    Entry(
        "humanml-decoder-512-bert-50steps",
        "text",
        "words to motion in 50 steps; follows words best, R@3 .815, FID .495",
        26_424_583,
        DRIVE.format("1z5IW5Qa9u9UdkckKylkcSXCwIYgLPhIC"),
        HUMANML3D,
        MDM,
        ("humanml_trans_dec_512_bert-50steps",),
        encoder=BERT_NAME,
        averaged=True,
    ),
    Entry(
        "humanml-encoder-512",
        "text",
        "the paper's model: words to motion in 1000 steps, R@3 .707, FID .489",
        17_880_327,
        DRIVE.format("1PE0PK8e5a5j-7-Xhs5YET5U5pGh0c821"),
        HUMANML3D,
        MDM,
        ("humanml_trans_enc_512",),
        encoder=CLIP_NAME,
    ),
    Entry(
        "humanml-decoder-512",
        "text",
        "words to motion in 1000 steps, decoder of the paper's ablation",
        26_293_511,
        DRIVE.format("1q3soLadvVh7kJuJPd2cegMNY2xVuVudj"),
        HUMANML3D,
        MDM,
        encoder=CLIP_NAME,
    ),
    Entry(
        "humanml-decoder-with-emb-512",
        "text",
        "words to motion in 1000 steps, decoder with the extra token of 2022",
        26_293_511,
        DRIVE.format("1GnsW0K3UjuOkNkAWmjrGIUmeDDZrmPE5"),
        HUMANML3D,
        MDM,
        encoder=CLIP_NAME,
    ),
    Entry(
        "kit-encoder-512",
        "text",
        "words to motion of KIT-ML's 21-joint body at 12.5 frames a second, in 1000 steps",
        17_868_027,
        DRIVE.format("1SHCRcE0es31vkJMLGf9dyLe7YsWj7pNL"),
        KIT,
        MDM,
        ("kit_trans_enc_512",),
        encoder=CLIP_NAME,
    ),
    Entry(
        "dip",
        "text",
        "words to motion of any length, 2 seconds at a time in 10 steps; R@3 .768, FID .228",
        26_424_583,
        f"{HUGGING_FACE}/tree/main/checkpoints/dip",
        HUMANML3D,
        CLOSD,
        ("DiP_no-target_10steps_context20_predict40",),
        dip("DiP_no-target_10steps_context20_predict40", "model000600343.pt"),
        encoder=BERT_NAME,
        averaged=True,
    ),
    Entry(
        "dip-target",
        "text",
        "as dip, and joints or the heading reach a place; R@3 .772, FID .232",
        26_704_135,
        DRIVE.format("1PsilP2xhcOHHXkmtxtOwNbWeI0njU2ic"),
        HUMANML3D,
        CLOSD,
        ("target_10steps_context20_predict40",),
        encoder=BERT_NAME,
        averaged=True,
    ),
    Entry(
        "dip-multi-target",
        "text",
        "CLoSD's own dip with targets",
        26_704_135,
        f"{HUGGING_FACE}/tree/main/checkpoints/dip",
        HUMANML3D,
        CLOSD,
        ("DiP_multi-target_10steps_context20_predict40",),
        dip("DiP_multi-target_10steps_context20_predict40", "model000300000.pt"),
        encoder=BERT_NAME,
        averaged=True,
    ),
    Entry(
        "humanact12",
        "action",
        "12 actions (walk, jump, phone, ...), 3 seconds",
        17_507_990,
        DRIVE.format("154X8_Lgpec6Xj0glEGql7FVKqPYCdBFO"),
        HUMANACT12,
        MDM,
        ("humanact12",),
    ),
    Entry(
        "humanact12-no-fc",
        "action",
        "as humanact12, trained without the loss on foot contacts",
        17_507_990,
        DRIVE.format("1frKVMBYNiN5Mlq7zsnhDBzs9vGJvFeiQ"),
        HUMANACT12,
        MDM,
        ("humanact12_no_fc",),
    ),
    Entry(
        "uestc",
        "action",
        "40 exercises, 3 seconds",
        17_522_326,
        DRIVE.format("1goB2DJK4B-fLu2QmqGWKAqWGMTAO6wQ6"),
        UESTC,
        MDM,
        ("uestc",),
    ),
    Entry(
        "uestc-no-fc",
        "action",
        "as uestc, trained without the loss on foot contacts",
        17_522_326,
        DRIVE.format("1fpv3mR-qP9CYCsi9CrQhFqlLavcSQky6"),
        UESTC,
        MDM,
        ("uestc_no_fc",),
    ),
    Entry(
        "humanact12-unconditional",
        "unconditional",
        "any motion like HumanAct12's, 3 seconds",
        17_501_846,
        DRIVE.format("1uG68m200pZK3pD-zTmPXu5XkgNpx_mEx"),
        HUMANACT12,
        MDM,
        ("humanact12_unconstrained", "unconstrained"),
    ),
    Entry(
        CLIP_NAME,
        "text encoder",
        "CLIP ViT-B/32's text tower, which the CLIP models need",
        88_494_127,
        "https://github.com/openai/CLIP",
        "MIT (OpenAI); its model card asks for research use and study before deployment",
        RADFORD,
        files=(Remote(CLIP_URL, "ViT-B-32.pt", CLIP_SHA256),),
    ),
    Entry(
        BERT_NAME,
        "text encoder",
        "DistilBERT, which the BERT and DiP models need",
        66_985_530,
        BERT,
        "Apache-2.0 (Hugging Face)",
        SANH,
        files=tuple(
            Remote(f"{BERT}/resolve/main/{name}", name) for name in ("config.json", "vocab.txt", "model.safetensors")
        ),
    ),
)


def named(name: str) -> Entry:
    """An entry by name, or a MotionError that lists them."""
    check_name(name)
    for entry in CATALOG:
        if entry.name == name:
            return entry
    names = ", ".join(entry.name for entry in CATALOG)
    raise MotionError(f'There is no published model "{name}"; there are {names}.')


def recognised(folder: str) -> Entry | None:
    """The entry that the authors give this folder's name, or None."""
    return next((entry for entry in CATALOG if folder in (*entry.folders, entry.name)), None)
