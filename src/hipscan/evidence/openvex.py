"""OpenVEX documents (https://openvex.dev), read from files and folders into statements."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from hipscan.documents import files, json_text, schema
from hipscan.errors import DocumentError, Mistake, UsageError
from hipscan.evidence.openvex_shape import ComponentModel, DocumentModel, StatementModel
from hipscan.model.vex import Product, Statement


def load(paths: Sequence[Path]) -> tuple[Statement, ...]:
    """Return the statements of every document in `paths`, files or folders of *.json.

    Raises UsageError with every mistake of all of them.
    """
    found: list[Statement] = []
    mistakes: list[Mistake] = []
    failures: list[UsageError] = []
    for path in _documents(paths, failures):
        try:
            found += read(path)
        except DocumentError as error:
            mistakes += error.mistakes
        except UsageError as error:
            failures.append(error)
    if failures:
        lines = [error.message for error in failures] + [str(mistake) for mistake in mistakes]
        raise UsageError("\n".join(lines), hint=failures[0].hint)
    if mistakes:
        raise DocumentError(tuple(mistakes))
    return tuple(found)


def _documents(paths: Sequence[Path], failures: list[UsageError]) -> Iterator[Path]:
    for path in paths:
        inside = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        if not inside:
            what = f"no OpenVEX document is in {path}"
            failures.append(UsageError(what, hint="their names end in .json"))
        yield from inside


def read(path: Path) -> tuple[Statement, ...]:
    """Return the statements of the document at `path`; raise UsageError with every mistake."""

    def judge(status: os.stat_result) -> None:
        if status.st_mode & stat.S_IWOTH:
            raise UsageError(f"{path} can be changed by everybody", hint=f"chmod o-w {path}")

    what, limit = "OpenVEX document", json_text.MAX_BYTES
    content = files.read(path, what=what, limit=limit, judge=judge)
    document = schema.check(json_text.load(content, name=str(path)), DocumentModel)
    return tuple(_statement(item, document) for item in document.statements)


def _statement(item: StatementModel, document: DocumentModel) -> Statement:
    beside = _names(item.subcomponents)
    texts = (item.impact_statement.strip(), item.status_notes.strip())
    return Statement(
        names=tuple(dict.fromkeys((item.vulnerability.name, *item.vulnerability.aliases))),
        products=tuple(
            Product(product.called, (*_names(product.subcomponents), *beside), product.narrowed)
            for product in item.products
        ),
        status=item.status,
        author=document.author,
        made=item.timestamp or document.timestamp,
        document=document.id,
        justification=item.justification or "",
        text="; ".join(filter(None, texts)),
    )


def _names(components: Sequence[ComponentModel]) -> tuple[str, ...]:
    return tuple(component.called for component in components)
