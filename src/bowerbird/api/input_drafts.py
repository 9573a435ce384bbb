"""From an input as it is posted to one that can be stored: checked, its media examined and kept."""

import hashlib
import math
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from clarifai_grpc.grpc.api.resources_pb2 import Data, Geo, Input
from google.protobuf.timestamp_pb2 import Timestamp

from bowerbird.api.fields import metadata
from bowerbird.api.ids import shown
from bowerbird.api.labels import check_concepts
from bowerbird.errors import ApiError, InputInvalid, InputUrlInvalid
from bowerbird.hosting import Taken, take_all
from bowerbird.index.terms import terms_of_metadata
from bowerbird.jobs.ingest import PENDING
from bowerbird.media import Media, media_of, with_hosted
from bowerbird.services import Services
from bowerbird.store.kinds import MEDIA, stamp

LONGEST_ID = 128
LONGEST_URL = 4096
MOST_TERMS = 1000  # different values in the metadata of one input: each is a row
_ID = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9_.-]{{0,{LONGEST_ID - 1}}}")
_FIELDS = {*MEDIA, "concepts", "metadata", "geo"}


@dataclass(frozen=True, slots=True)
class Checked:
    """What an input has, as far as that could be told quickly."""

    media: Media
    terms: set[str]


@dataclass(frozen=True, slots=True)
class Draft:
    """An input that may be stored. `taken` is None while its media are behind a URL."""

    input: Input
    terms: set[str]
    taken: Taken | None
    url_hash: bytes | None  # of a URL that may stand in the app only once


async def drafts(services: Services, given: Sequence[Input]) -> list[Draft | ApiError]:
    """For each input its draft, or what is wrong with it. Slow: not for transactions."""
    checked = [_checked(f"inputs[{n}]", one) for n, one in enumerate(given)]
    contents = [c.media for c in checked if isinstance(c, Checked) and not c.media.url]
    taken = iter(await take_all(contents, services.settings, services.blobs))
    now = stamp(services.clock())
    return [
        c if isinstance(c, ApiError) else _draft(one, c, None if c.media.url else next(taken), now)
        for one, c in zip(given, checked, strict=True)
    ]


def _checked(field: str, given: Input) -> Checked | ApiError:
    try:
        return check_input(field, given)
    except ApiError as error:
        return error


def _draft(
    given: Input, checked: Checked, taken: Taken | ApiError | None, now: Timestamp
) -> Draft | ApiError:
    if isinstance(taken, ApiError):
        return taken
    stored = Input(id=given.id or uuid.uuid4().hex, status=PENDING, created_at=now, modified_at=now)
    stored.data.CopyFrom(without_media(given.data))
    kind, url = checked.media.kind, checked.media.url
    part = getattr(stored.data, kind)
    part.SetInParent()
    if taken is not None:
        stored.data.CopyFrom(with_hosted(stored.data, taken.info, taken.hosted, ""))
        return Draft(stored, checked.terms, taken, None)
    part.url = url
    part.allow_duplicate_url = getattr(given.data, kind).allow_duplicate_url
    url_hash = None if part.allow_duplicate_url else hashlib.sha256(url.encode()).digest()[:16]
    return Draft(stored, checked.terms, None, url_hash)


def without_media(given: Data) -> Data:
    """The rest of what an input carries."""
    # Field by field: copying all would copy the bytes of the media, too.
    data = Data(concepts=given.concepts)
    if given.HasField("metadata"):
        data.metadata.CopyFrom(given.metadata)
    if given.HasField("geo"):
        data.geo.CopyFrom(given.geo)
    return data


def check_input(field: str, given: Input) -> Checked:
    """The media and terms of an input that may be posted. Raises Invalid and its kin, naming the field."""
    check_input_id(f"{field}.id", given.id)
    if given.dataset_ids:
        raise InputInvalid(f"{field}.dataset_ids: this server has no datasets")
    check_data(f"{field}.data", given.data)
    media = media_of(given.data)
    if media is None:
        raise InputInvalid(f"{field}.data: expected one of {', '.join(MEDIA)}")
    if media.url:
        check_url(f"{field}.data.{media.kind}.url", media.url)
    return Checked(media, check_size(f"{field}.data", given.data))


def check_data(field: str, data: Data) -> None:
    """Raises InputInvalid for what an input cannot carry; its media are not looked at."""
    for descriptor, _ in data.ListFields():
        if descriptor.name not in _FIELDS:
            raise InputInvalid(f"{field}.{descriptor.name}: not part of an input; post it as an annotation")
    check_concepts(field, data, InputInvalid)
    if data.HasField("geo"):
        _check_geo(f"{field}.geo", data.geo)


def check_size(field: str, data: Data) -> set[str]:
    """The terms of the input's metadata. Raises Invalid when these are too large, or have too many values."""
    metadata(f"{field}.metadata", data.metadata)
    terms = terms_of_metadata(data.metadata) if data.HasField("metadata") else set()
    if len(terms) > MOST_TERMS:
        raise InputInvalid(f"{field}.metadata: it has {len(terms)} values; expected at most {MOST_TERMS}")
    return terms


def check_input_id(field: str, id: str) -> None:
    """Raises InputInvalid for what cannot be an input's id; an empty one is left to us."""
    if id and not _ID.fullmatch(id):
        raise InputInvalid(
            f"{field}: {shown(id)}; expected at most {LONGEST_ID} letters, digits, '-', '_' or '.'"
        )


def check_url(field: str, url: str) -> None:
    """Raises InputUrlInvalid for what is no web address. Where it leads is checked when it is fetched."""
    if not url.lower().startswith(("http://", "https://")) or len(url) > LONGEST_URL:
        raise InputUrlInvalid(f"{field}: expected http:// or https:// and at most {LONGEST_URL} characters")


def _check_geo(field: str, geo: Geo) -> None:
    point = geo.geo_point
    if geo.geo_box or geo.HasField("geo_limit") or not geo.HasField("geo_point"):
        raise InputInvalid(f"{field}: an input has a geo_point, and neither geo_limit nor geo_box")
    longitude_ok = math.isfinite(point.longitude) and abs(point.longitude) <= 180
    if not longitude_ok or not (math.isfinite(point.latitude) and abs(point.latitude) <= 90):
        raise InputInvalid(f"{field}.geo_point: expected a longitude of ±180 and a latitude of ±90")
