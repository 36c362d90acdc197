"""The law without a pursuit: what it would say, and its words in each language."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from tracker.errors import Refused
from tracker.facts import Facts
from tracker.io.answers import WordsAnswer
from tracker.io.http import HttpError, read_body, respond
from tracker.io.requests import read
from tracker.treaty.rules import decide
from tracker.words import LANGUAGES, phrases

_WORDS: Final = {
    language: WordsAnswer(language, phrases(language).is_checked, phrases(language).phrases) for language in LANGUAGES
}


async def decision(request: web.Request) -> web.Response:
    """What the law says of a crossing that is only thought of. Nothing is recorded, and nothing follows from it.

    Raises:
        Refused: the facts are not right; names the field.
    """
    return respond(decide(read(Facts, await read_body(request))))


async def words(request: web.Request) -> web.Response:
    """The phrases of a language, by their English text.

    Raises:
        HttpError: 404 when there is no such language.
    """
    try:
        return respond(_WORDS[phrases(request.match_info["name"]).language])
    except Refused as refused:
        raise HttpError(404, "name", refused.reason) from refused
