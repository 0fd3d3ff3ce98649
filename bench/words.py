"""How many of the words a recogniser got wrong."""

import jiwer
from text_to_num import alpha2digit
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer


def word_error_rate(said: str, heard: str, language: str) -> float:
    """Return the errors a hundred words said: wrong, missing and additional ones (jiwer).

    Case, punctuation, and, in English, spellings and contractions are no errors (the normalisers that Whisper's
    authors measured it with), nor are numbers in digits, in any language that text2num knows.
    """
    return float(100 * jiwer.wer(_plain(said, language), _plain(heard, language)))


def _plain(text: str, language: str) -> str:
    if language == "en":
        return str(EnglishTextNormalizer()(text))
    return str(alpha2digit(BasicTextNormalizer()(text), language, threshold=0)).strip()
