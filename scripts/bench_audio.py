"""Put together what `make bench` lets the recognisers hear: bench/audio/*.opus and *.json. See its README.

apt-get download pocketsphinx-testdata asterisk-core-sounds-{en,it} asterisk-core-sounds-{en,it}-g722
for package in *.deb; do dpkg-deb -x $package FOLDER; done
python scripts/bench_audio.py FOLDER
"""

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
from faster_whisper import decode_audio

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "bench/audio"
SPEECH = ROOT / "sandbox/media"
RATE = 16_000
SEED = 6
LEVEL = 0.06
"""Root mean square of each clip."""
GAP_S = (0.3, 0.9)
"""Between two clips: as long as somebody pauses between two sentences."""
SHORTEST = 70
"""Letters of an Italian text: what is shorter is a menu's scrap, not a sentence."""
ENGLISH = (
    *("basic-pbx-ivr-main", "demo-congrats", "demo-abouttotry", "priv-callee-options", "demo-echotest", "tt-allbusy"),
    *("confbridge-lock-extended", "confbridge-mute-extended", "queue-periodic-announce", "demo-moreinfo", "demo-nogo"),
    *("screen-callee-options", "vm-newuser"),
)
"""The longest that do not say the same again."""
MISTOLD = {
    r" \(enfatico\)": "",
    r" (confbridge-mute-in|vm-then-pound): .*": "",  # the next line's, run on
    "can not": "cannot",
    "thru ": "through ",
    "represenatives": "representatives",
    "cassella": "casella",
    "e poi premere": "e quindi premere",
    "registra il tuo (.*) premi ": r"registrare il proprio \1 premere ",
}
"""Where the lists of texts have more or other words than the recordings, or misspell them."""

Samples = npt.NDArray[np.float32]
Clip = tuple[str, str, Path]
"""Its name, its words and its file."""


def main(packages: Path) -> None:
    share = packages / "usr/share"
    spoken = dict(prompts(share, "en", "en_US_f_Allison"))
    english = [*recited("jfk"), *read_aloud(share), *((name, *spoken[name]) for name in ENGLISH), *recited("sonnet")]
    keep("english", "en", english)
    spoken = dict(prompts(share, "it", "it_IT_m_Carlo"))
    italian = [name for name, (words, _) in spoken.items() if len(words) > SHORTEST and not re.search(r"\d", words)]
    keep("italian", "it", [(name, *spoken[name]) for name in italian])


def recited(name: str) -> Iterator[Clip]:
    [sound] = (path for path in SPEECH.glob(f"{name}.*") if path.suffix != ".txt")
    yield name, (SPEECH / f"{name}.txt").read_text(), sound


def read_aloud(share: Path) -> Iterator[Clip]:
    folder = share / "pocketsphinx/test/data/librivox"
    for words, name in re.findall(r"<s> (.*) </s> \((.*)\)", (folder / "transcription").read_text()):
        yield name, words, folder / f"{name}.wav"


def prompts(share: Path, language: str, voice: str) -> Iterator[tuple[str, tuple[str, Path]]]:
    """Yield each prompt's name, words and file."""
    listed = share / f"doc/asterisk-core-sounds-{language}/core-sounds-{language}.txt.gz"
    for line in gzip.decompress(listed.read_bytes()).decode().splitlines():
        name, _, words = line.partition(":")
        for told, said in MISTOLD.items():
            words = re.sub(told, said, words)
        if (sound := share / f"asterisk/sounds/{voice}/{name}.g722").exists():
            yield name, (words, sound)


def keep(name: str, language: str, clips: Sequence[Clip]) -> None:
    """Write all clips as one recording, each as loud as the others, and where each begins and ends, in seconds."""
    draw = np.random.default_rng(SEED)
    pieces: list[Samples] = []
    told: list[dict[str, object]] = []
    at = 0
    for clip, words, path in clips:
        samples = np.asarray(decode_audio(str(path), sampling_rate=RATE))
        gap = np.zeros(int(draw.uniform(*GAP_S) * RATE), np.float32)
        pieces += [samples * LEVEL / np.sqrt(np.mean(samples**2)), gap]
        until = at + len(samples)
        told.append({"clip": clip, "start": at / RATE, "end": until / RATE, "words": " ".join(words.split())})
        at = until + len(gap)
    story = json.dumps({"language": language, "clips": told}, ensure_ascii=False, indent=1)
    TARGET.joinpath(f"{name}.json").write_text(story + "\n")
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    raw = ("-y", "-loglevel", "error", "-f", "f32le", "-ac", "1", "-ar", str(RATE), "-i", "-")
    opus = ("-c:a", "libopus", "-b:a", "24k", "-fflags", "+bitexact", "-flags", "+bitexact")
    sound = np.concatenate(pieces).clip(-1, 1).astype("<f4").tobytes()
    subprocess.run((ffmpeg, *raw, *opus, str(TARGET / f"{name}.opus")), input=sound, check=True)  # noqa: S603 (our own words)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
