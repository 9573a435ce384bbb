"""The public models and workflows that every installation has, and older ids by which clients know them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bowerbird.auth.actors import PUBLIC_APP, PUBLIC_USER

TAGGER = "general-image-recognition"


@dataclass(frozen=True, slots=True)
class ZooModel:
    """A public model. Without a runtime it is a slot: a place and a name for a model that an admin has."""

    id: str
    type: str
    name: str
    notes: str
    aliases: tuple[str, ...] = ()
    runtime: str = ""
    concepts: tuple[str, ...] = ()
    extra: str = ""  # what to install: bowerbird[extra]
    packages: tuple[str, ...] = ()  # that come with the extra

    @property
    def is_slot(self) -> bool:
        return not (self.runtime or self.type == "random-sample")


@dataclass(frozen=True, slots=True)
class ZooNode:
    """A node of a public workflow; one of a slot is there while the slot is filled."""

    id: str
    model: str
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class ZooWorkflow:
    """A public workflow."""

    id: str
    nodes: tuple[ZooNode, ...]


def _slot(id: str, name: str, *aliases: str) -> ZooModel:
    return ZooModel(id, "visual-classifier", name, "A slot: no weights come with Bowerbird.", aliases)


MODELS: Sequence[ZooModel] = (
    _slot(TAGGER, "General", "aaa03c23b3724a16a56b629203edc62c"),
    ZooModel(
        "general-image-embedding",
        "visual-embedder",
        "General embedding",
        "Histograms of colour, gradients and texture, until an admin fills it with a model that has learned.",
        ("bbb5f41425b8468d9b7a554ff10f8581",),
        "image-histograms",
    ),
    ZooModel(
        "color-recognition",
        "color",
        "Colors",
        "The main colours by k-means in L*a*b*.",
        ("eeed0b6733a644cea07cf4c60f87ebb7",),
        "color-palette",
    ),
    ZooModel(
        "face-detection",
        "visual-detector",
        "Faces",
        "Upright faces that look at the camera: OpenCV's cascade.",
        ("a403429f2ddf4b49b307e318f00e528b", "e15d0f873e66047e579f90cf82c9882z"),
        "opencv-faces",
        ("face",),
        "vision",
        ("cv2",),
    ),
    ZooModel(
        "person-detection",
        "visual-detector",
        "People",
        "Whole people who stand or walk: OpenCV's HOG detector.",
        ("5750faf62ed9d514b9ee9d2d163f172e",),
        "opencv-people",
        ("person",),
        "vision",
        ("cv2",),
    ),
    ZooModel(
        "image-fingerprint",
        "visual-embedder",
        "Fingerprint",
        "A perceptual hash: tells copies of a picture from other pictures.",
        (),
        "image-fingerprint",
    ),
    ZooModel(
        "english-ocr",
        "image-to-text",
        "Printed text",
        "Lines of printed text: the PP-OCR models of rapidocr.",
        ("eng-ocr", "9fe78b4150a52794f86f237770141b33"),
        "ocr",
        (),
        "ocr",
        ("cv2", "rapidocr"),
    ),
    ZooModel(
        "language-identification",
        "text-classifier",
        "Language",
        "The language of a text: py3langid.",
        (),
        "language-id",
        (),
        "text",
        ("py3langid",),
    ),
    ZooModel(
        "sentiment-analysis",
        "text-classifier",
        "Sentiment",
        "How an English text feels: the word list and rules of VADER.",
        (),
        "sentiment",
        ("positive", "neutral", "negative"),
        "text",
        ("vaderSentiment",),
    ),
    ZooModel(
        "text-embedding",
        "text-embedder",
        "Text embedding",
        "Hashed words and letters, until an admin fills it with a model that has learned.",
        (),
        "text-ngrams",
    ),
    ZooModel("pass-through", "random-sample", "Pass-through", "Lets everything pass and says nothing."),
    _slot("food-item-recognition", "Food", "bd367be194cf45149e75f01d59f77ba7"),
    _slot(
        "travel-recognition", "Travel", "eee28c313d69466f836ab83287a54ed9", "ccc28c313d69466f836ab83287a54ed9"
    ),
    _slot("nsfw-recognition", "NSFW", "e9576d86d2004ed1a38ba0cf39ecb4b1", "ccc76d86d2004ed1a38ba0cf39ecb4b1"),
    _slot("wedding-recognition", "Wedding", "c386b7a870114f4a87477c0824499348"),
    _slot("moderation-recognition", "Moderation", "d16f390eb32cad478c7ae150069bd2c6"),
    _slot("apparel-recognition", "Apparel", "e0be3b9d6a454f0493ac3a30784001ff"),
    _slot("texture-recognition", "Textures and patterns", "fbefb47f9fdb410e8ce14f24f54b47ff"),
    _slot("landscape-quality", "Landscape quality", "bec14810deb94c40a05f1f0eb3c91403"),
    _slot("portrait-quality", "Portrait quality", "de9bd05cfdbf4534af151beb2a5d0953"),
)

WORKFLOWS: Sequence[ZooWorkflow] = (
    ZooWorkflow("General", (ZooNode("embed", "general-image-embedding"), ZooNode("tag", TAGGER))),
    ZooWorkflow(
        "Text",
        (
            ZooNode("embed", "text-embedding"),
            ZooNode("language", "language-identification"),
            ZooNode("sentiment", "sentiment-analysis"),
        ),
    ),
    ZooWorkflow("Face", (ZooNode("faces", "face-detection"),)),
    ZooWorkflow("Empty", (ZooNode("nothing", "pass-through", is_silent=True),)),
)

SLOTS = frozenset(model.id for model in MODELS if model.is_slot)
_ALIASES = {alias: model.id for model in MODELS for alias in model.aliases}


def canonical(user_id: str, app_id: str, model_id: str) -> str:
    """The id of a model that may be called by an older id, as the public ones are."""
    is_public = (user_id, app_id) == (PUBLIC_USER, PUBLIC_APP)
    return _ALIASES.get(model_id, model_id) if is_public else model_id


def find_model(name: str) -> ZooModel | None:
    """The public model of that id or older id."""
    id = canonical(PUBLIC_USER, PUBLIC_APP, name)
    return next((model for model in MODELS if model.id == id), None)


def nodes_of(workflow: ZooWorkflow, filled: Collection[str]) -> list[ZooNode]:
    """The nodes that a workflow has while these slots are filled: one without a model could not run."""
    return [node for node in workflow.nodes if node.model not in SLOTS or node.model in filled]
