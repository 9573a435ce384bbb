"""The models that need no download, on photographs that scikit-image ships."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from clarifai_grpc.grpc.api.resources_pb2 import Data
from model_zoo import encoded, environment, image_data, spec, text_data, values_by_id
from PIL import Image, ImageDraw, ImageFont

from bowerbird.errors import InputInvalid, InputUnsupported, ModelInvalid
from bowerbird.runtimes import registry
from bowerbird.runtimes.spec import Runtime

PHOTOS = Path(skimage.data.__file__).parent
OF_IMAGES = (
    "color-palette",
    "image-fingerprint",
    "image-histograms",
    "ocr",
    "opencv-faces",
    "opencv-people",
)
OF_TEXTS = ("language-id", "sentiment", "text-ngrams")


def loaded(name: str, **config: Any) -> Runtime:
    return registry.load(spec(runtime=name, artifact="", config=config), environment())


def predicted(runtime: Runtime, data: Data) -> Data:
    [result] = runtime.predict([data])
    assert isinstance(result, Data), result
    return result


def shown(name: str) -> Image.Image:
    return Image.open(PHOTOS / name).convert("RGB")


def photo(name: str) -> Data:
    return image_data((PHOTOS / name).read_bytes())


def vector(runtime: Runtime, data: Data) -> np.ndarray:
    [found] = predicted(runtime, data).embeddings
    return np.array(found.vector)


def halves(left: str, right: str) -> Image.Image:
    image = Image.new("RGB", (80, 40), left)
    image.paste(Image.new("RGB", (20, 40), right), (60, 0))
    return image


@pytest.mark.parametrize("name", OF_IMAGES)
def test_a_model_of_images_says_so_when_it_is_given_something_else(name: str) -> None:
    runtime = loaded(name)
    results = runtime.predict([text_data("hello"), image_data(b"no picture")])
    assert [type(result) for result in results] == [InputInvalid, InputUnsupported]
    assert "data.image" in str(results[0])


@pytest.mark.parametrize("name", OF_TEXTS)
def test_a_model_of_texts_says_so_when_it_is_given_something_else(name: str) -> None:
    [wrong, fine] = loaded(name).predict([photo("coins.png"), text_data("hello")])
    assert isinstance(wrong, InputInvalid)
    assert "data.text" in str(wrong)
    assert isinstance(fine, Data)


@pytest.mark.parametrize("name", OF_IMAGES + OF_TEXTS)
def test_a_parameter_that_a_model_does_not_have_is_named(name: str) -> None:
    with pytest.raises(ModelInvalid, match="colour"):
        loaded(name, colour="red")


def test_nothing_large_is_imported_before_a_model_is_loaded() -> None:
    code = "import sys; from bowerbird.runtimes import registry; registry.names(); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    large = {"cv2", "onnxruntime", "py3langid", "rapidocr", "tokenizers", "vaderSentiment"}
    assert not large & set(told.split())


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("opencv-faces", "cv2", "vision"),
        ("ocr", "rapidocr", "ocr"),
        ("sentiment", "vaderSentiment.vaderSentiment", "text"),
    ],
)
def test_a_missing_package_is_named_with_what_to_install(
    name: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelInvalid, match=rf"{package}.*bowerbird\[{extra}\]"):
        loaded(name)


def test_a_palette_tells_each_colour_with_its_share_and_its_name() -> None:
    colors = predicted(loaded("color-palette"), image_data(encoded(halves("#ff6347", "navy")))).colors
    assert [(c.raw_hex, c.w3c.name) for c in colors] == [("#ff6347", "tomato"), ("#000080", "navy")]
    assert [round(c.value, 2) for c in colors] == [0.75, 0.25]


def test_a_palette_of_one_colour_is_that_colour() -> None:
    [color] = predicted(loaded("color-palette"), image_data(encoded(Image.new("L", (9, 9), 128)))).colors
    assert (color.raw_hex, color.w3c.hex, color.value) == ("#808080", "#808080", 1)


def test_what_is_transparent_has_no_colour() -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    palette = loaded("color-palette")
    assert not predicted(palette, image_data(encoded(image))).colors
    image.paste((0, 0, 255, 255), (0, 0, 10, 20))
    assert [c.w3c.name for c in predicted(palette, image_data(encoded(image))).colors] == ["blue"]


def test_a_palette_of_a_photograph_has_no_more_colours_than_asked_for() -> None:
    colors = predicted(loaded("color-palette", colors=3), photo("coffee.png")).colors
    assert 1 <= len(colors) <= 3
    assert sum(c.value for c in colors) == pytest.approx(1, abs=0.06)


def test_the_face_of_the_astronaut_is_found_where_it_is() -> None:
    [region] = predicted(loaded("opencv-faces"), photo("astronaut.png")).regions
    box = region.region_info.bounding_box
    assert box.left_col < 0.43 < box.right_col  # her nose
    assert box.top_row < 0.22 < box.bottom_row
    assert box.right_col - box.left_col < 0.25
    [concept] = region.data.concepts
    assert (concept.id, concept.value) == ("face", region.value)
    assert 0.5 <= region.value < 1


def test_there_are_no_faces_in_coffee_and_gravel() -> None:
    results = loaded("opencv-faces").predict([photo("coffee.png"), photo("gravel.png")])
    assert [len(result.regions) for result in results] == [0, 0]


def test_most_faces_of_people_are_found_and_none_in_pieces_of_background() -> None:
    samples = np.load(PHOTOS / "lfw_subset.npy")  # 100 faces, then 100 others, of 25 × 25
    faces = loaded("opencv-faces")

    def found(sample: Any) -> bool:
        image = Image.fromarray((sample * 255).astype(np.uint8)).resize((100, 100), Image.Resampling.BICUBIC)
        framed = Image.new("L", (160, 160), 128)
        framed.paste(image, (30, 30))
        return len(predicted(faces, image_data(encoded(framed))).regions) > 0

    assert sum(found(sample) for sample in samples[:100:5]) >= 18
    assert sum(found(sample) for sample in samples[100::5]) == 0


def test_the_person_detector_finds_no_people_in_coffee_and_in_what_is_too_small() -> None:
    small = image_data(encoded(Image.new("RGB", (30, 30))))
    results = loaded("opencv-people").predict([photo("coffee.png"), small])
    assert [len(result.regions) for result in results] == [0, 0]


def test_an_embedding_of_an_image_has_512_numbers_of_length_1_and_never_changes() -> None:
    histograms = loaded("image-histograms")
    one, again = (vector(histograms, photo("chelsea.png")) for _ in range(2))
    assert one.shape == (512,)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-6)
    assert (one == again).all()


def test_an_image_is_nearer_to_its_copy_than_to_any_other() -> None:
    histograms = loaded("image-histograms")
    names = ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "grass.png", "page.png"]
    others = np.array([vector(histograms, photo(name)) for name in names])
    for place, name in enumerate(names):
        image = shown(name)
        small = encoded(image.resize((image.width // 2, image.height // 2)), "JPEG", quality=60)
        products = others @ vector(histograms, image_data(small))
        assert products[place] > 0.99
        assert products.argmax() == place
        assert np.sort(products)[-2] < 0.95


def test_two_pieces_of_grass_are_more_alike_than_grass_and_coffee() -> None:
    histograms = loaded("image-histograms")
    grass = shown("grass.png")
    left, right = (image_data(encoded(grass.crop(box))) for box in ((0, 0, 200, 400), (250, 0, 450, 400)))
    one = vector(histograms, left)
    assert one @ vector(histograms, right) > one @ vector(histograms, photo("coffee.png")) + 0.1


def test_the_fingerprint_of_a_copy_is_the_same_and_of_another_image_is_not() -> None:
    fingerprint = loaded("image-fingerprint")
    image = shown("astronaut.png")
    copy = image_data(encoded(image.resize((200, 200)), "JPEG", quality=70))
    one, other = (vector(fingerprint, data) for data in (photo("astronaut.png"), copy))
    assert one @ other > 1 - 4 / 32  # no more than 4 bits differ
    assert one @ vector(fingerprint, photo("coffee.png")) < 1 - 10 / 32
    assert len(predicted(fingerprint, copy).metadata["phash"]) == 16


def test_ocr_reads_lines_and_says_where_they_are() -> None:
    image = Image.new("RGB", (200, 100), "white")
    draw = ImageDraw.Draw(image)
    for top, words in ((8, "Bowerbird"), (58, "keeps this")):
        draw.text((10, top), words, fill="black", font=ImageFont.load_default(26))
    read = predicted(loaded("ocr"), image_data(encoded(image)))
    assert read.text.raw == "Bowerbird\nkeeps this"
    assert [region.data.text.raw for region in read.regions] == ["Bowerbird", "keeps this"]
    upper, lower = (region.region_info.bounding_box for region in read.regions)
    assert upper.bottom_row <= 0.5 <= lower.top_row
    assert all(region.value > 0.9 for region in read.regions)


def test_ocr_reads_a_photographed_page_from_scikit_image() -> None:
    read = predicted(loaded("ocr"), image_data(encoded(shown("page.png").crop((0, 0, 384, 96)))))
    assert "Region-based segmentation" in read.text.raw
    assert "determine markers of the coins" in read.text.raw


def test_ocr_reads_nothing_where_nothing_is_written() -> None:
    assert predicted(loaded("ocr"), image_data(encoded(Image.new("RGB", (40, 40))))) == Data()


def test_languages_are_told_apart() -> None:
    texts = {
        "en": "The cat sat on the mat and looked at the rain.",
        "de": "Die Katze saß auf der Matte und sah dem Regen zu.",
        "fr": "Le chat était assis sur le tapis et regardait la pluie.",
        "ja": "猫はマットの上に座って雨を見ていた。",
    }
    results = loaded("language-id").predict([text_data(text) for text in texts.values()])
    assert [result.concepts[0].id for result in results] == list(texts)
    assert sum(concept.value for concept in results[0].concepts) == pytest.approx(1, abs=1e-3)


def test_no_language_is_told_of_a_text_without_letters() -> None:
    assert predicted(loaded("language-id"), text_data("12 + 30 = 42")) == Data()


def test_a_sentiment_is_positive_negative_or_neutral() -> None:
    texts = ["I love this, it is great!", "This is horrible, I hate it.", "The box is on the table."]
    results = loaded("sentiment").predict([text_data(text) for text in texts])
    assert [result.concepts[0].id for result in results] == ["positive", "negative", "neutral"]
    assert all(sum(values_by_id(result).values()) == pytest.approx(1) for result in results)


def test_texts_with_words_in_common_are_nearer_than_others() -> None:
    ngrams = loaded("text-ngrams")
    texts = ["The invoice is overdue", "Two invoices are overdue!", "A kitten sleeps in the sun"]
    one, near, far = (vector(ngrams, text_data(text)) for text in texts)
    assert one.shape == (512,)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-6)
    assert one @ near > one @ far + 0.2
    assert one @ vector(ngrams, text_data("THE INVOICE IS OVERDUE.")) == pytest.approx(1, abs=1e-6)


def test_a_text_without_words_is_embedded_as_nothing() -> None:
    assert not vector(loaded("text-ngrams"), text_data(" … ")).any()


def test_a_table_of_weights_moves_an_embedding() -> None:
    text = text_data("the cat")
    flat = vector(loaded("text-ngrams", dimensions=16), text)
    weighed = vector(loaded("text-ngrams", dimensions=16, idf=[9.0] + [1.0] * 15), text)
    assert abs(weighed[0]) >= abs(flat[0])
    with pytest.raises(ModelInvalid, match="16 numbers"):
        loaded("text-ngrams", dimensions=16, idf=[1.0])


def test_a_batch_answers_as_its_inputs_one_by_one() -> None:
    histograms = loaded("image-histograms")
    inputs = [photo("coins.png"), text_data("no image"), photo("page.png")]
    together = histograms.predict(inputs)
    assert together[0] == predicted(histograms, inputs[0])
    assert isinstance(together[1], InputInvalid)
    assert together[2] == predicted(histograms, inputs[2])


def test_pictures_are_searched_upright() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    shown("astronaut.png").rotate(90, expand=True).save(out, "JPEG", exif=exif)
    assert len(predicted(loaded("opencv-faces"), image_data(out.getvalue())).regions) == 1
