"""Statements, the ways to break one, and how to find it again after it has moved."""

import ast
import copy
import difflib
import hashlib
import itertools
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

FOLDERS = ("settings", "queries", "constructs", "gateway", "scripts")
MINIMUM_PER_FOLDER = 12
NEIGHBOURS = 3
BODY = "\n    pass"
BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
COMPARISONS: list[tuple[type[ast.cmpop], type[ast.cmpop]]] = [
    (ast.Eq, ast.NotEq), (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.In, ast.NotIn), (ast.Is, ast.IsNot)
]  # fmt: skip
OTHER_COMPARISON = dict([*COMPARISONS, *((second, first) for first, second in COMPARISONS)])
OTHER_ARITHMETIC: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.Mult: ast.Div(), ast.Div: ast.Mult(), ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.Mult(),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement without its body, on lines `line` to `end`; the statements around it tell equal ones apart."""

    file: str
    qualname: str
    line: int
    end: int
    original: str
    context: str


@dataclass(frozen=True, kw_only=True)
class Mutant(Statement):
    """One change of one statement."""

    id: str
    mutated: str


def statements(root: Path, folders: Iterable[str] = FOLDERS) -> list[Statement]:
    """All statements but docstrings, `if TYPE_CHECKING` and `if __name__ == "__main__"`."""
    files = [file for folder in folders for file in sorted((root / folder).rglob("*.py"))]
    # A body on the line of its statement would be lost.
    return [found for file in files for found in _statements(file, root) if found.end >= found.line]


def sample(root: Path, *, size: int, seed: int) -> list[Mutant]:
    """At most one mutant per statement; each folder has its share by lines of code, and at least the minimum."""
    rng = random.Random(seed)  # noqa: S311 - not a secret
    found = {folder: statements(root, [folder]) for folder in FOLDERS}
    lines = {folder: sum(s.end - s.line + 1 for s in of_folder) for folder, of_folder in found.items()}
    chosen: list[Mutant] = []
    for folder in sorted(FOLDERS, key=lambda name: lines[name]):
        share = lines[folder] / sum(lines.values())
        del lines[folder]
        number = max(MINIMUM_PER_FOLDER, round((size - len(chosen)) * share))
        mutations = ((s, sorted(_mutations(s.original))) for s in rng.sample(found[folder], len(found[folder])))
        mutants = (_mutant(statement, rng.choice(texts)) for statement, texts in mutations if texts)
        chosen += itertools.islice(mutants, number)
    return sorted(chosen, key=lambda mutant: (FOLDERS.index(mutant.file.split("/")[0]), mutant.file, mutant.line))


def find(mutant: Mutant, among: Iterable[Statement], renames: Mapping[str, str]) -> tuple[Mutant, Statement | None]:
    """The mutant with renamed words, and its statement: of those with the same text, the one in the likeliest place."""
    words = "|".join(re.escape(word) for word in sorted(renames, key=len, reverse=True))

    def renamed(text: str) -> str:
        return re.sub(rf"(?<!\w)(?:{words})(?!\w)", lambda match: renames[match[0]], text) if words else text

    def likeness(statement: Statement) -> float:
        there = f"{statement.file} {statement.qualname} {statement.context}"
        return difflib.SequenceMatcher(None, place, there).ratio()

    place = f"{mutant.file} {renamed(mutant.qualname)} {renamed(mutant.context)}"
    moved = replace(mutant, original=renamed(mutant.original), mutated=renamed(mutant.mutated))
    return moved, max((s for s in among if s.original == moved.original), key=likeness, default=None)


def most_similar(text: str, among: Iterable[Statement]) -> str:
    """Where a statement that was changed may be now."""
    by_text = {statement.original: statement for statement in among}
    close = difflib.get_close_matches(text, by_text, n=1)
    return f"{by_text[close[0]].file}:{by_text[close[0]].line}: {close[0]}" if close else "nothing similar"


def apply(source: str, statement: Statement, mutated: str) -> str:
    """The source with the statement replaced."""
    lines = source.splitlines(keepends=True)
    code = lines[statement.line - 1].lstrip()
    indentation = lines[statement.line - 1].removesuffix(code)
    keyword = "el" if code.startswith("elif") else ""
    return "".join([*lines[: statement.line - 1], f"{indentation}{keyword}{mutated}\n", *lines[statement.end :]])


def _mutations(original: str) -> set[str]:
    """Every way to break the statement."""
    if original.startswith(("try:", "match ")):  # these do not stand alone
        return set()
    node = ast.parse(f"{original}{BODY if original.endswith(':') else ''}").body[0]
    texts = {_text(copy.deepcopy(node, {id(old): new})) for part in ast.walk(node) for old, new in _changes(part)}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
        texts.add("pass")
    if isinstance(node, ast.Return) and node.value:
        texts.add("return None")
    return texts - {original}


def _changes(node: ast.AST) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Parts of a node, and what replaces them. Text has no arithmetic: mypy finds such a mistake."""
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                operators = [*node.ops[:index], OTHER_COMPARISON[type(operator)](), *node.ops[index + 1 :]]
                yield node, ast.Compare(node.left, operators, node.comparators)
        case ast.BoolOp():
            yield node, ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            yield from ((value, _negated(value)) for value in node.values)
        case ast.BinOp() if type(node.op) in OTHER_ARITHMETIC and not (_is_text(node.left) or _is_text(node.right)):
            yield node, ast.BinOp(node.left, OTHER_ARITHMETIC[type(node.op)], node.right)
        case ast.UnaryOp(op=ast.Not()):
            yield node, _negated(node)
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            yield node, ast.Constant(number + 1)
        case ast.If() | ast.While() | ast.IfExp():
            yield node.test, _negated(node.test)
        case ast.comprehension():
            yield from ((test, _negated(test)) for test in node.ifs)


def _negated(test: ast.expr) -> ast.expr:
    match test:
        case ast.UnaryOp(op=ast.Not()):
            return test.operand
    return ast.UnaryOp(ast.Not(), test)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _mutant(statement: Statement, mutated: str) -> Mutant:
    identity = f"{statement.file}:{statement.line} {statement.original} -> {mutated}"
    return Mutant(**vars(statement), id=hashlib.sha256(identity.encode()).hexdigest()[:8], mutated=mutated)


def _statements(file: Path, root: Path) -> Iterator[Statement]:
    nodes = list(_nested(ast.parse(file.read_text(encoding="utf-8")), ""))
    texts = [_text(_head(node)) for node, _ in nodes]
    for index, (node, qualname) in enumerate(nodes):
        yield Statement(
            file=file.relative_to(root).as_posix(),
            qualname=qualname,
            line=node.lineno,
            end=_end(node),
            original=texts[index],
            context="\n".join([*texts[max(0, index - NEIGHBOURS) : index], *texts[index + 1 : index + 1 + NEIGHBOURS]]),
        )


def _nested(node: ast.AST, qualname: str) -> Iterator[tuple[ast.stmt, str]]:
    """All statements beneath a node, and the function or class that each is in."""
    for child in itertools.chain.from_iterable(getattr(node, field, []) for field in BODIES):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "__name__ == '__main__'"):
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        is_definition = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        name = f"{qualname}.{child.name}".strip(".") if is_definition else qualname
        if isinstance(child, ast.stmt):
            yield child, name
        yield from _nested(child, name)


def _head(node: ast.stmt) -> ast.stmt:
    head = copy.copy(node)
    for field in {*BODIES, "decorator_list"} & set(node._fields):
        setattr(head, field, [ast.Pass()] if field == "body" else [])
    return head


def _end(node: ast.stmt) -> int:
    """The last line before the body."""
    held = [*getattr(node, "body", []), *getattr(node, "cases", [])]
    if not held:
        return node.end_lineno or node.lineno
    return min(int(part.lineno) for part in ast.walk(held[0]) if hasattr(part, "lineno")) - 1


def _text(head: ast.stmt) -> str:
    return ast.unparse(head).removesuffix(BODY)
