"""What a page of the book has beside its text: words for every picture, and links into the glossary.

A Sphinx extension, loaded by conf.py. It works on the parsed page: headings, code, formulas and links stay as they are.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref

from helpers import storage

# Which part of the glossary a notebook looks into, by a word of its file name; all look into the general part.
PARTS = {"v1": "V1", "lateral": "Lateral", "_ll_": "Lateral", "wta": "Winner", "rnn": "Random", "mod": "Modular"}
PARTS |= {"classic": "Modular"}
STATE = re.compile(r"^(?:Explorer|Network_UI)\(.*\)$", re.M)  # what a widget says of the picture in its place
SAVED = re.compile(r"""save(?:_\w+)?\([^"']*["']([\w-]+/[^"'\n]+)["']""")
UNTOUCHED = (nodes.title, nodes.literal, nodes.FixedTextElement, nodes.reference, pending_xref, nodes.math)
LIMIT = 300  # of characters that a screen reader has to read aloud before it goes on


# --- words for pictures


def captions_of(name, figs):
    """Return the plain captions of the figures "model/name"; in a name like "wta/toy_{k}" the braces stand for any."""
    records = sorted(Path(figs).glob(re.sub(r"\{.*?\}", "*", name) + ".json"))
    found = [storage.read_json(record).get("caption", "") for record in records]
    return [caption.replace("$", "").replace("\\", "") for caption in found if caption]


def first_sentences(text, limit=LIMIT):
    """Return as many whole sentences of a text as the limit holds, at least one."""
    text, kept = " ".join(text.split()), ""
    for sentence in re.split(r"(?<=[.?!]) (?=[A-Z0-9])", text):
        if kept and len(kept) + len(sentence) > limit:
            break
        kept += f" {sentence}" if kept else sentence
    return kept


def words_for(image, figs):
    """Return what a picture shows: the caption of its figure, else its section and the text that explains it."""
    name = Path(image["uri"]).stem
    if found := re.search(r"figs/([\w-]+/[\w-]+)\.\w+$", image["uri"]):
        return " ".join(captions_of(found[1], figs)) or name
    cell = image
    while cell.parent is not None and cell.get("nb_element") != "cell_code":
        cell = cell.parent
    if cell.parent is None:
        return name
    pictures = list(cell.findall(nodes.image))
    source = "\n".join(code.astext() for code in cell.findall(nodes.literal_block))
    captions = [caption for name in SAVED.findall(source) for caption in captions_of(name, figs)]
    if len(captions) == len(pictures):
        return captions[pictures.index(image)]
    section, place = cell.parent, cell.parent.index(cell)
    after = [node.astext() for node in section[place + 1 : place + 2] if isinstance(node, nodes.paragraph)]
    before = [node.astext() for node in section[:place] if isinstance(node, nodes.paragraph)]
    reading = [text.removeprefix("Reading.").strip() for text in after if text.startswith("Reading.")]
    texts = STATE.findall(source) or reading or before[-1:]
    title = next(section.findall(nodes.title)).astext()
    return first_sentences(" ".join([f"Picture of the section {title!r}.", *texts]).replace("\\", ""))


# --- links into the glossary


def glossary(path, part=None):
    """Return {how a term is written: its name in the glossary} of the general part and of one more."""
    found = {}
    for title, entries in re.findall(r"^## (.+?)\n(.+?)(?=^## |\Z)", path.read_text(encoding="utf-8"), re.M | re.S):
        if title.startswith(("General", part or "General")):
            for head in re.findall(r"(?:^```\{glossary\}\n|^\n)(\S.*)\n\S.*\n  \S", entries, re.M):
                name = head.replace("$", "")
                plain, note = re.sub(r"\s*(\$.*?\$|\(.*?\))", "", head), "".join(re.findall(r"\((.*?)\)", head))
                for form in plain.split(", "):
                    if note.islower():  # "(long-term)": without it the word means more
                        form = f"{note} {form}"
                    found[form] = name
                if note.isupper() or re.fullmatch(r"[A-Z]+\d?", note):
                    found[note] = name
    return found


def link_terms(document, terms, page):
    """Link each term where a page first uses it; French text and outputs are left alone."""
    forms = sorted(terms, key=len, reverse=True)
    spelled = "|".join(re.escape(form) if form.isupper() else f"(?i:{re.escape(form)})" for form in forms)
    pattern = re.compile(rf"(?<![\w-])({spelled})(?:s|es)?(?![\w-])")
    names, used, french = {form.lower(): name for form, name in terms.items()}, set(), False
    for node in list(document.findall(lambda node: isinstance(node, nodes.raw | nodes.Text))):
        if isinstance(node, nodes.raw) or isinstance(node.parent, nodes.raw):
            said = node.astext()
            french = "français</summary>" in said or (french and "</details>" not in said)
        elif not french and is_prose(node):
            text, new, end = node.astext(), [], 0
            for match in pattern.finditer(text):
                name = names[match[1].lower()]
                if name not in used:
                    used.add(name)
                    new += [nodes.Text(text[end : match.start()]), link_to(name, match[0], page)]
                    end = match.end()
            node.parent.replace(node, [*new, nodes.Text(text[end:])])


def is_prose(node):
    """Whether a text stands in no heading, code, formula, link or cell."""
    while (node := node.parent) is not None:
        if isinstance(node, UNTOUCHED) or node.get("nb_element"):
            return False
    return True


def link_to(name, text, page):
    """Return a link to an entry of the glossary, which Sphinx resolves; one that is not there is a warning."""
    shown = nodes.inline("", text, classes=["xref", "std", "std-term"])
    where = {"refdomain": "std", "reftype": "term", "reftarget": name, "refdoc": page}
    return pending_xref("", shown, refexplicit=True, refwarn=True, **where)


def dress(app, document):
    """Give a page that was read its words for pictures and, if it is a notebook, its links."""
    place, page = Path(app.confdir), app.env.docname
    for image in document.findall(nodes.image):
        if not image.get("alt", "").strip():
            image["alt"] = words_for(image, place.parent / "figs")
    if page.startswith(("FINAL_notebooks/", "dev/20")):
        part = next((title for word, title in PARTS.items() if word in page.lower()), None)
        link_terms(document, glossary(place / "glossary.md", part), page)


def setup(app):
    app.connect("doctree-read", dress)
    return {"parallel_read_safe": True}
