"""Operators: model types that keep, change or drop a prediction. One file each; found, never listed."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Literal, Protocol, get_type_hints, runtime_checkable

import structlog
from clarifai_grpc.grpc.api.resources_pb2 import Data, ModelType, OutputInfo

from bowerbird.errors import ApiError, ModelInvalid, PredictionFailed
from bowerbird.workflows.columns import Columns, Flags, by_concepts, reaching
from bowerbird.workflows.draws import Draw, HashedDraw
from bowerbird.workflows.fields import PARAMS, Field, Parameter, invalid
from bowerbird.workflows.outside import Outside, closed
from bowerbird.workflows.relations import Relations
from bowerbird.workflows.state import Memory
from bowerbird.workflows.view import View

log = structlog.get_logger()
GROUP = "bowerbird.operators"  # entry points of other packages
ANY = ("any",)

Step = Callable[[View, Draw], View | None]  # a view: kept, perhaps changed; None: dropped
SlowStep = Callable[[View, Draw], Awaitable[View | None]]  # the same, of operators that are not light
# A blind sampler cannot tell its chances; a maker answers with something that was not there before.
Kind = Literal["filter", "editor", "maker", "sampler", "blind-sampler"]
Skip = Literal["filtered", "duplicate", "budget", "sampled_out"]  # why a prediction was dropped


@runtime_checkable
class Learner(Protocol):
    """A step that remembers. Calling it changes nothing but the prediction's memo, so that it may be asked
    what would have been if a coin had fallen otherwise; it learns once, when all is decided."""

    def learn(self, view: View, taken: bool) -> None:
        """Told of each prediction that was decided on and came as far as this step; perhaps of others, of
        which there is nothing to learn."""
        ...


@runtime_checkable
class Explainer(Protocol):
    """A step that knows better than its kind tells why it dropped a prediction."""

    def why(self, view: View) -> Skip:
        """Asked right after it dropped the view."""
        ...


@runtime_checkable
class Sampler(Protocol):
    """A step that throws a coin and knows whether it leaves anything out for sure."""

    @property
    def reaches_all(self) -> bool:
        """Whether every prediction has a chance above 0, but for those skipped for the reason "budget"."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """What a step looked at in a prediction, and what it held that against, in words."""

    value: str
    against: str


@runtime_checkable
class Teller(Protocol):
    """A step that can tell what it looks at. Coins need not be told of: whoever throws them sees them."""

    def look(self, view: View) -> Look:
        """Asked only after the step was, about the same view."""
        ...


def telling(step: Step, look: Callable[[View], Look]) -> Step:
    """The step itself, now a Teller; a wrapper would cost every prediction a call."""
    step.look = look  # type: ignore[attr-defined]  # functions take any attribute
    return step


@runtime_checkable
class Selective(Protocol):
    """A step that drops every prediction in which no concept has at least its value in `least`. Of many such
    steps only those are asked that may keep a prediction."""

    least: Mapping[str, float]


def selective(step: Step, least: Mapping[str, float]) -> Step:
    """The step itself, now Selective."""
    step.least = least  # type: ignore[attr-defined]  # as above
    return by_concepts(step, reaching(least))


@dataclass(frozen=True, slots=True)
class FixedCoin:
    """A step that only throws a coin over the request key, so that it may be thrown before anything else."""

    p: float

    @property
    def reaches_all(self) -> bool:
        return self.p > 0

    def __call__(self, view: View, draw: Draw) -> View | None:
        return view if draw.coin(self.p, view.digest) else None

    def may_keep(self, columns: Columns, draw: HashedDraw) -> Flags:
        return draw.coins(self.p, columns.digests)


Gift = type[Memory] | type[Relations] | type[Outside]
GIFTS = (Memory, Relations, Outside)


@dataclass(frozen=True, slots=True)
class Operator:
    """A model type that runs without a model."""

    id: str
    title: str
    description: str
    kind: Kind
    input_fields: tuple[str, ...]
    output_fields: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    build: Callable[..., Step | SlowStep]  # takes the parameters by name
    aliases: tuple[str, ...] = ()
    light: bool = True  # cheap and without I/O: may run inside the predict call
    amounts: tuple[str, ...] = ()  # parameters that say how many: of half the traffic they would be half
    reads_media: bool = False  # of inputs; the others look at outputs and metadata only
    base_only: bool = False  # of use in the base workflow of an app only
    gifts: tuple[tuple[str, Gift], ...] = ()  # what else it is given, by the name of the argument

    @property
    def remembers(self) -> bool:
        """From one prediction to the next: of use in a pre-queue workflow only."""
        return any(gift is Memory for _, gift in self.gifts)

    @property
    def maps_concepts(self) -> bool:
        """By the relations of the app, which have to be read before it is compiled."""
        return any(gift is Relations for _, gift in self.gifts)

    def compile(
        self,
        info: OutputInfo,
        memory: Memory | None = None,
        relations: Relations | None = None,
        outside: Outside | None = None,
    ) -> Step | SlowStep:
        """Without a memory, an operator that remembers starts afresh; without relations no concept has any,
        and without the outside what asks for it raises: enough to check the parameters.

        Raises ModelInvalid, naming the parameter and what it may be.
        """
        known = {parameter.name for parameter in self.parameters if parameter.path.startswith(PARAMS)}
        for name in info.params.fields:
            if name not in known:
                what = f"{self.id} takes {', '.join(sorted(known))}" if known else f"{self.id} takes none"
                raise invalid(PARAMS + name[:100], f"there is no such parameter; {what}")
        values = {parameter.name: parameter.read(info) for parameter in self.parameters}
        for name, gift in self.gifts:
            if gift is Memory:
                place = memory or Memory.of_nobody()
                values[name] = place.of(self.id, info.SerializeToString(deterministic=True))
            elif gift is Relations:
                values[name] = relations or Relations()
            else:
                values[name] = outside or closed()
        return self.build(**values)

    def describe(self) -> ModelType:
        return ModelType(
            id=self.id,
            title=self.title,
            description=self.description,
            input_fields=self.input_fields,
            output_fields=self.output_fields,
            creatable=True,
            model_type_fields=[parameter.describe() for parameter in self.parameters],
        )


def operator(
    id: str,
    *,
    title: str,
    kind: Kind,
    input_fields: Sequence[str] = ANY,
    output_fields: Sequence[str] = ANY,
    aliases: Sequence[str] = (),
    light: bool = True,
    amounts: Sequence[str] = (),
    reads_media: bool = False,
    base_only: bool = False,
) -> Callable[[Callable[..., Step | SlowStep]], Operator]:
    """Make an operator of a function that returns its step, or a coroutine function when it is not light.

    The function's keyword arguments are the operator's parameters, each annotated with its Field; its
    docstring is the description. An argument that is a Memory is where the operator remembers; Relations
    are those of the app's concepts, and the Outside is for those that are not light.
    """

    def make(build: Callable[..., Step | SlowStep]) -> Operator:
        parameters, gifts = _arguments_of(build)
        return Operator(
            id,
            title,
            inspect.cleandoc(build.__doc__ or ""),
            kind,
            tuple(input_fields),
            tuple(output_fields),
            parameters,
            build,
            tuple(aliases),
            light,
            tuple(amounts),
            reads_media,
            base_only,
            gifts,
        )

    return make


def _arguments_of(
    build: Callable[..., Step | SlowStep],
) -> tuple[tuple[Parameter, ...], tuple[tuple[str, Gift], ...]]:
    """The parameters, and the arguments that are none."""
    hints = get_type_hints(build, include_extras=True)
    arguments = inspect.signature(build).parameters
    gifts = tuple((name, hints[name]) for name in arguments if hints[name] in GIFTS)
    parameters = tuple(
        Parameter(name, _field_of(hints[name]), argument.default)
        for name, argument in arguments.items()
        if hints[name] not in GIFTS
    )
    return parameters, gifts


def _field_of(hint: object) -> Field:
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Field):
            return extra
    raise TypeError(f"{hint} has no Field among its annotations")


@dataclass(frozen=True, slots=True)
class Registry:
    """Operators under their ids and aliases, and what is wrong with those that other packages bring."""

    by_name: dict[str, Operator]
    broken: dict[str, str]  # entry point -> why it was left out


@functools.cache
def _registry() -> Registry:
    found: dict[str, Operator] = {}
    for one in _own():
        for name in (one.id, *one.aliases):
            if found.setdefault(name, one) is not one:
                raise ValueError(f"two operators are called {name!r}")
    broken: dict[str, str] = {}
    for point in entry_points(group=GROUP):
        try:
            one = _loaded(point)
            _check_names(one, found)
        except Exception as error:  # whatever another package does, the server starts without it
            broken[f"{point.name} = {point.value}"] = f"{type(error).__name__}: {error}"
            log.error("operator left out", entry_point=point.name, of=point.value, error=repr(error))
        else:
            found.update(dict.fromkeys((one.id, *one.aliases), one))
    return Registry(found, broken)


def _own() -> Iterator[Operator]:
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, Operator):
                yield thing


def _loaded(point: EntryPoint) -> Operator:
    thing = point.load()
    if not isinstance(thing, Operator):
        raise TypeError(f"the entry point {point.name!r} of {GROUP} is no operator")
    thing.describe()  # so that a default that cannot be shown is found out here
    return thing


def _check_names(one: Operator, found: dict[str, Operator]) -> None:
    for name in (one.id, *one.aliases):
        if found.get(name, one) is not one:
            raise ValueError(f"two operators are called {name!r}")


def operators() -> list[Operator]:
    return sorted(set(_registry().by_name.values()), key=lambda one: one.id)


def broken_operators() -> dict[str, str]:
    """Operators of other packages that cannot be used: by entry point, and why."""
    return _registry().broken


def find(model_type_id: str) -> Operator | None:
    """The operator of that id or alias."""
    return _registry().by_name.get(model_type_id)


def is_light(model_type_id: str) -> bool:
    """Whether models of the type may run inside the predict call."""
    found = find(model_type_id)
    return found is not None and found.light


def compile_operator(
    model_type_id: str,
    info: OutputInfo,
    relations: Relations | None = None,
    outside: Outside | None = None,
) -> Step | SlowStep:
    """The step of an operator with these parameters. Raises ModelInvalid."""
    found = find(model_type_id)
    if found is None:
        raise ModelInvalid(f"{model_type_id!r} is no operator")
    return found.compile(info, relations=relations, outside=outside)


async def stepped(type_id: str, step: Step | SlowStep, view: View, draw: Draw) -> Data | None:
    """What the step of such an operator makes of a view; None: dropped. Raises ApiError."""
    try:
        kept = step(view, draw)
        if isinstance(kept, Awaitable):
            kept = await kept
    except ApiError:
        raise
    except Exception as error:  # operators may come from other packages
        raise PredictionFailed(f"{type_id}: {error!r}") from error
    return None if kept is None else kept.to_data()
