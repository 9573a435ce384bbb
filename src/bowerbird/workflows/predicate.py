"""Conditions on the metadata, the place and nothing else of an input: checked once, then a plain function.

{"all": [...]}, {"any": [...]}, {"not": {...}}, {"field": "a.b", "op": "eq", "value": ...},
{"geo": {"box": [west, south, east, north]}}, {"geo": {"center": [longitude, latitude], "radius_km": r}}.
"""

import math
from collections.abc import Callable, Mapping

from bowerbird.workflows.plain import at_path, is_number
from bowerbird.workflows.view import View

Test = Callable[[View], bool]
Compare = Callable[[object, object], bool]

MAX_DEPTH = 8
MAX_CONDITIONS = 200
MAX_VALUES = 1000
MAX_TEXT = 4096
EARTH_RADIUS_KM = 6371.0088


def compile_predicate(condition: object) -> Test:
    """Raises ValueError, whose text says what was expected where."""
    if _count(condition, 1) > MAX_CONDITIONS:
        raise ValueError(f"at most {MAX_CONDITIONS} conditions")
    return _compile(condition, "predicate")


def _count(condition: object, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise ValueError(f"conditions nested at most {MAX_DEPTH} deep")
    if not isinstance(condition, Mapping):
        return 1
    inner = condition.get("all") or condition.get("any") or condition.get("not")
    items = inner if isinstance(inner, list) else [inner] if isinstance(inner, Mapping) else []
    return 1 + sum(_count(item, depth + 1) for item in items)


def _compile(condition: object, where: str) -> Test:
    if not isinstance(condition, Mapping):
        raise ValueError(f"an object at {where}")
    keys = sorted(condition)
    if keys in (["all"], ["any"]):
        return _compile_list(keys[0], condition[keys[0]], where)
    if keys == ["not"]:
        inner = _compile(condition["not"], f"{where}.not")
        return lambda view: not inner(view)
    if keys == ["geo"]:
        return _compile_geo(condition["geo"], f"{where}.geo")
    if "field" in condition and set(keys) <= {"field", "op", "value"}:
        return _compile_field(condition, where)
    raise ValueError(f"all, any, not, geo, or field with op and value at {where}")


def _compile_list(word: str, conditions: object, where: str) -> Test:
    if not isinstance(conditions, list) or not conditions:
        raise ValueError(f"a list of conditions at {where}.{word}")
    tests = [_compile(item, f"{where}.{word}[{place}]") for place, item in enumerate(conditions)]
    if word == "all":
        return lambda view: all(test(view) for test in tests)
    return lambda view: any(test(view) for test in tests)


def _compile_field(condition: Mapping[str, object], where: str) -> Test:
    field, op, value = condition["field"], condition.get("op", "eq"), condition.get("value")
    if not isinstance(field, str) or not field or len(field) > MAX_TEXT or "" in field.split("."):
        raise ValueError(f"names joined by dots at {where}.field")
    path = tuple(field.split("."))
    if op == "exists":
        return _compile_exists(path, condition.get("value", True), where)
    if not isinstance(op, str) or op not in _OPS:
        raise ValueError(f"one of {', '.join(sorted([*_OPS, 'exists']))} at {where}.op")
    _check_value(op, value, f"{where}.value")
    compare = _OPS[op]

    def test(view: View) -> bool:
        found = at_path(view.metadata, path)
        return found is not None and compare(found, value)

    return test


def _compile_exists(path: tuple[str, ...], wanted: object, where: str) -> Test:
    if not isinstance(wanted, bool):
        raise ValueError(f"true or false at {where}.value")
    return lambda view: (at_path(view.metadata, path) is not None) is wanted


def _check_value(op: str, value: object, where: str) -> None:
    if op == "in":
        if not isinstance(value, list) or not 0 < len(value) <= MAX_VALUES:
            raise ValueError(f"a list of 1 to {MAX_VALUES} values at {where}")
    elif op == "startswith":
        if not isinstance(value, str):
            raise ValueError(f"a text at {where}")
    elif op in ("gt", "gte", "lt", "lte") and not (is_number(value) or isinstance(value, str)):
        raise ValueError(f"a number or a text at {where}")
    if value is None:
        raise ValueError(f"a value at {where}")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise ValueError(f"at most {MAX_TEXT} characters at {where}")


def _same(found: object, value: object) -> bool:
    # In Python true equals 1; in metadata it does not.
    return isinstance(found, bool) == isinstance(value, bool) and found == value


def _ordered(compare: Callable[[float, float], bool]) -> Compare:
    """Numbers with numbers and texts with texts; everything else is false."""

    def test(found: object, value: object) -> bool:
        if isinstance(found, str) and isinstance(value, str):
            return compare(found, value)  # type: ignore[arg-type]  # the comparison takes texts as well
        return is_number(found) and is_number(value) and compare(found, value)

    return test


def _contains(found: object, value: object) -> bool:
    if isinstance(found, str):
        return isinstance(value, str) and value in found
    return isinstance(found, list) and any(_same(item, value) for item in found)


_OPS: dict[str, Compare] = {
    "eq": _same,
    "ne": lambda found, value: not _same(found, value),
    "in": lambda found, values: isinstance(values, list) and any(_same(found, value) for value in values),
    "gt": _ordered(lambda found, value: found > value),
    "gte": _ordered(lambda found, value: found >= value),
    "lt": _ordered(lambda found, value: found < value),
    "lte": _ordered(lambda found, value: found <= value),
    "contains": _contains,
    "startswith": lambda found, value: isinstance(found, str) and found.startswith(str(value)),
}


def _compile_geo(place: object, where: str) -> Test:
    keys = sorted(place) if isinstance(place, Mapping) else []
    if isinstance(place, Mapping) and keys == ["box"]:
        west, south, east, north = _degrees(place["box"], 4, f"{where}.box")
        if south > north:
            raise ValueError(f"south before north at {where}.box")
        return lambda view: view.geo is not None and _in_box(view.geo, west, south, east, north)
    if isinstance(place, Mapping) and keys == ["center", "radius_km"]:
        longitude, latitude = _degrees(place["center"], 2, f"{where}.center")
        radius = place["radius_km"]
        if not is_number(radius) or not 0 < radius <= 20_040:
            raise ValueError(f"a number above 0 and up to 20040 at {where}.radius_km")
        return lambda view: view.geo is not None and distance_km(view.geo, (longitude, latitude)) <= radius
    raise ValueError(f"box, or center with radius_km at {where}")


def _degrees(numbers: object, count: int, where: str) -> list[float]:
    """Longitudes and latitudes by turns."""
    bounds = [180.0, 90.0] * (count // 2)
    if not isinstance(numbers, list) or len(numbers) != count or not all(map(is_number, numbers)):
        raise ValueError(f"{count} numbers at {where}")
    if not all(abs(number) <= bound for number, bound in zip(numbers, bounds, strict=True)):
        raise ValueError(f"longitudes from -180 to 180 and latitudes from -90 to 90 at {where}")
    return numbers


def _in_box(point: tuple[float, float], west: float, south: float, east: float, north: float) -> bool:
    longitude, latitude = point
    # A box whose west lies east of its east crosses the date line.
    within = west <= longitude <= east if west <= east else longitude >= west or longitude <= east
    return within and south <= latitude <= north


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Along the great circle between two points of (longitude, latitude), by the haversine formula."""
    (lon1, lat1), (lon2, lat2) = (tuple(map(math.radians, point)) for point in (a, b))
    h = math.sin((lat2 - lat1) / 2) ** 2
    h += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))
