"""Is the speech model there, and does it fit into the memory?"""

from services.clients.child import Message
from services.doctor.finding import Finding, Level, failed, gigabytes
from services.doctor.memory import Memory
from services.doctor.probe import REINSTALL, ask
from services.errors import AuditscribeError

_SUBJECT = "Speech model"
_SMALLER = "Set WHISPER_MODEL to a smaller model or WHISPER_COMPUTE_TYPE to int8, or give the bot more memory."
_FOLDER = "Set WHISPER_MODEL to a folder with a whole model, or to the name of one."

_OVERHEAD_BYTES = 500 * 10**6
"""Measured beside the weights while two transcriptions ran: libraries, sound, and what the decoder keeps."""

_MILLIONS_OF_WEIGHTS = {"tiny": 39, "base": 74, "small": 244, "medium": 769, "turbo": 809, "large": 1550}
"""https://github.com/openai/whisper#available-models-and-languages; the first that is in a model's name counts."""


async def check_model(model: str, device: str, compute_type: str, memory: Memory | None) -> list[Finding]:
    """Look for the model, without loading it; `memory` None: unknown."""
    try:
        answer = await ask("model_child.py", model=model)
    except AuditscribeError as error:
        return [failed(_SUBJECT, error, REINSTALL)]
    findings = [_presence(model, answer)]
    if device == "cuda" and not answer["gpus"]:
        text = "WHISPER_DEVICE is cuda, and no GPU was found that can be used."
        findings.append(Finding(Level.RED, _SUBJECT, text, "Set it to auto or cpu, or mend the GPU's driver."))
    weights = answer["bytes"] or _expected_bytes(model)
    if memory is not None and weights:
        on_gpu = bool(answer["gpus"]) and device != "cpu"
        findings.append(_room(_needed(weights, compute_type, on_gpu=on_gpu), memory))
    return findings


def _presence(model: str, answer: Message) -> Finding:
    if answer["known"]:
        names = ", ".join(answer["known"])
        return Finding(Level.RED, _SUBJECT, f'There is no model "{model}".', f"{_FOLDER} Names: {names}.")
    if answer["folder"] is None:
        return Finding(
            Level.WARNING,
            _SUBJECT,
            f'"{model}" is not fetched yet: the first video waits for its download.',
            "Let this machine reach huggingface.co, or set WHISPER_MODEL to a folder with the model.",
        )
    if answer["missing"]:
        lacks = f"The folder {answer['folder']} lacks {', '.join(answer['missing'])}."
        return Finding(Level.RED, _SUBJECT, lacks, _FOLDER)
    return Finding(Level.OK, _SUBJECT, f'"{model}" is there, {gigabytes(answer["bytes"])}.')


def _room(needed: int, memory: Memory) -> Finding:
    text = f"It needs about {gigabytes(needed)} of memory; there are {gigabytes(memory.most)}"
    if needed > memory.most:
        return Finding(Level.RED, _SUBJECT, f"{text}.", _SMALLER)
    if needed > memory.free:
        return Finding(Level.WARNING, _SUBJECT, f"{text}, of which {gigabytes(memory.free)} are free now.", _SMALLER)
    return Finding(Level.OK, _SUBJECT, f"{text}.")


def _needed(weights: int, compute_type: str, *, on_gpu: bool) -> int:
    """Return bytes for weights that are kept in 16 bits each: a CPU takes 8 or 32, a GPU has a memory of its own."""
    if on_gpu:
        return _OVERHEAD_BYTES
    return _OVERHEAD_BYTES + (weights // 2 if compute_type.startswith("int8") else weights * 2)


def _expected_bytes(model: str) -> int:
    """Return the size of a model that is not here yet; 0 where its name does not tell."""
    return next((2 * 10**6 * millions for name, millions in _MILLIONS_OF_WEIGHTS.items() if name in model), 0)
