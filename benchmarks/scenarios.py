"""The questions, one function each: what is run, what is compared, what should come out."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.contenders import YARDSTICK, Run, import_sdk, settings_of_ours
from benchmarks.findings import Bars, Finding, Results, compare, cpu, peak, timing, wall
from benchmarks.messages import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.contenders import Bench
    from benchmarks.findings import Timing
    from benchmarks.measure import Measurement

_LATENCY_MS = 150
_BATCH_ROWS = 2500
_BIG_BATCH_ROWS = 25_000
_STREAMS = 4
_PARALLEL = 4
_ROW_LATENCY_US = 20
_NO_FLUSH = {"batch_max_age_seconds": 600}
_NO_GROWTH = {"max_batch_size_rows": _BATCH_ROWS}
_MERGED_RECORDS = 50_000
_CHANGED_EVERY = 100
_UNLIMITED = {"requests_per_minute": 1_000_000}
_UNLIMITED_NOTE = "requests_per_minute raised: the default of 2,500 is the vendor's limit, which the stub has not"


def speed(bench: Bench) -> Results:
    """CPU, memory, growth and calls: a million records to a stub that answers at once."""
    many, few = (100_000, 20_000) if bench.quick else (1_000_000, 100_000)
    scale = many / few
    big, small = Shape(many), Shape(few)
    runs = {
        f"bare loop, {many:,} records": Run("bare", big),
        f"target-selligent, {many:,} records": Run("ours", big),
        f"target-selligent, {few:,} records": Run("ours", small),
        f"stock SDK target, {few:,} records": Run("stock", small),
        "stock SDK target, no records": Run("stock"),
    }
    notes: tuple[str, ...] = ()
    if bench.yardstick() is None:
        notes = (f"{YARDSTICK} could not be installed: left out",)
    else:
        runs |= {
            f"{YARDSTICK}, {few:,} records": Run("yardstick", small),
            f"{YARDSTICK}, no records": Run("yardstick"),
        }
    measured = bench.rounds(runs)
    bare, ours, ours_few, *others = measured.values()
    stock = _scaled(others[0], others[1], scale)
    calls = ours[-1].counts.loads * 1_000_000 / many
    scaled = f"measured on {few:,} records, its time beyond start-up taken {scale:g} times"
    peak_few, peak_many = median(map(peak, ours_few)), median(map(peak, ours))
    findings = [
        _ratio(f"{many:,} records: target-selligent / bare loop, time", ours, bare, at_most=1.4),
        _ratio(f"{many:,} records: target-selligent / bare loop, CPU", ours, bare, of=cpu),
        _ratio(f"{many:,} records: stock SDK target / target-selligent, time", stock, ours, at_least=10, note=scaled),
        _ratio(f"{many:,} records: stock SDK target / target-selligent, CPU", stock, ours, of=cpu, note=scaled),
        _ratio(f"{many:,} records: stock SDK target / bare loop, time", stock, bare, note=scaled),
    ]
    bars = {"bare loop": 1.0, "target-selligent": compare(ours, bare)[0]}
    if not notes:
        yardstick = _scaled(others[2], others[3], scale)
        bars[YARDSTICK] = compare(yardstick, bare)[0]
        findings += [
            _ratio(f"{many:,} records: {YARDSTICK} / target-selligent, time", yardstick, ours, note=scaled),
            _ratio(f"{many:,} records: {YARDSTICK} / bare loop, time", yardstick, bare, note=scaled),
        ]
    findings += [
        Finding(f"{many:,} records: peak memory", peak_many, "MB", at_most=150),
        Finding(f"Peak memory, {many:,} / {few:,} records", peak_many / peak_few, at_most=1.1),
        _ratio(f"Growth: time for {many:,} / {few:,} records", ours, ours_few, at_most=1.05 * scale),
        Finding("Loads for 1,000,000 records in 3 Segments", calls, "calls", at_most=460),
    ]
    bars["stock SDK target"] = compare(stock, bare)[0]
    title = f"Time for {many:,} records in 3 Segments, as multiples of a bare loop"
    return Results(tuple(findings), _timings(measured), notes, (Bars(title, bars, "target-selligent"),))


def start(bench: Bench) -> Results:
    """Start-up, beside importing the SDK."""
    empty = bench.ours()
    measured = bench.commands(
        {"import singer_sdk": import_sdk(), "--version": [empty[0], "--version"], "empty run": empty},
        repeats=5 if bench.quick else 15,
    )
    sdk, version, nothing = measured.values()
    findings = (
        _ratio("Start-up: --version / importing the SDK, time", version, sdk, at_most=1.2),
        _ratio("Start-up: empty run / importing the SDK, time", nothing, sdk, at_most=1.2),
        _ratio("Start-up: empty run / importing the SDK, CPU", nothing, sdk, of=cpu),
    )
    return Results(findings, _timings(measured))


def waiting(bench: Bench) -> Results:
    """A Selligent that takes 150 ms a call: how much of the reading is hidden behind the calls."""
    records = 50_000 if bench.quick else 150_000
    shape = Shape(records)
    run = Run("ours", shape, _LATENCY_MS, _NO_GROWTH)
    name = f"{records:,} records, {_LATENCY_MS} ms a call"
    runs = {
        name: run,
        f"{name}, batch_size_rows {_BIG_BATCH_ROWS:,}": replace(run, settings={"batch_size_rows": _BIG_BATCH_ROWS}),
    }
    overlaps = "max_parallel_requests_per_list" in settings_of_ours()
    if overlaps:
        parallel = {**_NO_GROWTH, "max_parallel_requests_per_list": _PARALLEL}
        runs[f"{name}, {_PARALLEL} at a time"] = replace(run, settings=parallel, one_at_a_time=False)
    measured = bench.rounds(runs)
    normal, big, *overlapping = measured.values()
    unavoidable = records / _BATCH_ROWS * _LATENCY_MS / 1000
    one_by_one = normal[-1].counts.list_loads * (1 + shape.segments) * _LATENCY_MS / 1000
    fewer = normal[-1].counts.list_loads / big[-1].counts.list_loads
    findings = [
        Finding(
            f"{name}: time / its List loads' {unavoidable:.1f} s",
            median(map(wall, normal)) / unavoidable,
            at_most=11 / 9,
            note=f"with a load of each Segment for each batch, the calls alone would take {one_by_one:.0f} s",
        ),
        Finding(f"List loads with batch_size_rows {_BATCH_ROWS:,} / {_BIG_BATCH_ROWS:,}", fewer, at_least=10),
        _ratio(f"{name}: time with batch_size_rows {_BATCH_ROWS:,} / {_BIG_BATCH_ROWS:,}", normal, big),
    ]
    if overlaps:
        what = f"{name}: time with 1 / {_PARALLEL} loads of a List at a time, where a tenant allows it"
        findings.append(_ratio(what, normal, overlapping[0]))
    return Results(tuple(findings), _timings(measured))


def growth(bench: Bench) -> Results:
    """Loads that grow: a Selligent that takes 150 ms a call and 20 µs a row of a List load."""
    records = 50_000 if bench.quick else 150_000
    run = Run("ours", Shape(records), _LATENCY_MS, row_latency_us=_ROW_LATENCY_US)
    name = f"{records:,} records, {_LATENCY_MS} ms a call and {_ROW_LATENCY_US} µs a row"
    measured = bench.rounds({f"{name}, no growth": replace(run, settings=_NO_GROWTH), name: run})
    before, after = measured.values()
    findings = (
        Finding(f"{name}: time", median(map(wall, after)), "s", at_most=6),
        _ratio(f"{name}: time without / with growth", before, after),
        Finding("Its List loads without / with growth", before[-1].counts.list_loads / after[-1].counts.list_loads),
    )
    values = {"loads of one size": median(map(wall, before)), "loads that grow": median(map(wall, after))}
    bars = Bars(f"Time for {name}", values, "loads that grow", "s")
    return Results(findings, _timings(measured), bars=(bars,))


def merging(bench: Bench) -> Results:
    """One row a key: records that come again, and lack other columns each time."""
    all_keys = (2000,) if bench.quick else (2000, 20_000)
    run = Run("ours", merges=True, settings=_UNLIMITED)
    runs: dict[str, Run] = {}
    for keys_count in all_keys:
        name = f"{_MERGED_RECORDS:,} records of {keys_count:,} keys"
        shape = Shape(_MERGED_RECORDS, keys=keys_count)
        # StopOnError needs to see each record, so it merges none.
        apart = {**_UNLIMITED, **_NO_GROWTH, **_NO_FLUSH, "error_handling": "StopOnError"}
        runs[f"{name}, not merged"] = replace(run, shape=shape, settings=apart)
        runs[name] = replace(run, shape=shape, settings={**_UNLIMITED, **_NO_GROWTH, **_NO_FLUSH})
    measured = bench.rounds(runs)
    findings, bars = [], []
    for keys_count in all_keys:
        name = f"{_MERGED_RECORDS:,} records of {keys_count:,} keys"
        before, after = measured[f"{name}, not merged"], measured[name]
        loads = before[-1].counts.list_loads
        note = f"{loads:,} without merging"
        findings += [
            Finding(
                f"{name}, 30 % of the columns left out: List loads",
                after[-1].counts.list_loads,
                "calls",
                at_most=60,
                note=note,
            ),
            _ratio(f"{name}: CPU not merged / merged", before, after, of=cpu),
        ]
        title = f"List loads for {name}, 30 % of the columns left out"
        values = {"a row a record": loads, "a row a key": after[-1].counts.list_loads}
        bars.append(Bars(title, values, "a row a key", "loads"))
    return Results(tuple(findings), _timings(measured), bars=tuple(bars))


def lists(bench: Bench) -> Results:
    """Four streams to four Lists at once, with loads of one size: so waiting takes most of the time, not the CPU."""
    if "streams" not in settings_of_ours():
        return Results(notes=("the target has no setting to send streams to different Lists: not measured",))
    records = 15_000 if bench.quick else 100_000
    together = Shape(_STREAMS * records, streams=_STREAMS)
    lists_of_streams = {stream: {"list_api_name": f"list_of_{stream}"} for stream in together.stream_names}
    settings = {**_NO_GROWTH, "streams": lists_of_streams}
    name = f"{records:,} records, {_LATENCY_MS} ms a call"
    by_turns = replace(together, block=1)
    runs = {
        f"1 stream of {name}": Run("ours", Shape(records), _LATENCY_MS, _NO_GROWTH),
        f"{_STREAMS} streams of {name}": Run("ours", together, _LATENCY_MS, settings),
        f"{_STREAMS} streams of {name}, record by record": Run("ours", by_turns, _LATENCY_MS, settings),
    }
    measured = bench.rounds(runs)
    one, in_blocks, alternating = measured.values()
    title = f"{_STREAMS} streams to {_STREAMS} Lists"
    findings = (
        _ratio(f"{title} / one of them, {name}: time", in_blocks, one, at_most=1.3),
        _ratio(f"{title}, record by record / in blocks of {together.block}: CPU", alternating, in_blocks, of=cpu),
    )
    return Results(findings, _timings(measured))


def segments(bench: Bench) -> Results:
    """A thousand Segments beside three."""
    records = 100_000 if bench.quick else 1_000_000
    measured = bench.rounds(
        {
            f"{records:,} records, {count:,} Segments": Run("ours", Shape(records, segments=count), settings=_UNLIMITED)
            for count in (3, 1000)
        }
    )
    few, many = measured.values()
    counts = many[-1].counts
    findings = (
        _ratio(f"{records:,} records in 1,000 / 3 Segments: time", many, few, at_most=2, note=_UNLIMITED_NOTE),
        _ratio(f"{records:,} records in 1,000 / 3 Segments: CPU", many, few, of=cpu, note=_UNLIMITED_NOTE),
        Finding(
            f"Loads for {records:,} records in 1,000 Segments",
            counts.loads,
            "calls",
            at_most=2500,
            note=f"and {counts.other:,} other calls",
        ),
    )
    return Results(findings, _timings(measured))


def mirror(bench: Bench) -> Results:
    """A mirror of which 1 % has left, beside the same run with `append`, and memory for ten times as many members."""
    few, many = (30_000, 100_000) if bench.quick else (1_000_000, 10_000_000)
    settings = {"segment_data_import_option": "mirror"}
    small, large = Shape(few), Shape(many, narrow=True)
    name = f"{few:,} members of which 1 % left"
    measured = bench.rounds(
        {
            f"{few:,} records, append": Run("ours", small),
            f"{few:,} members, pages alone": Run("pages", small, left=few // 100 // small.segments),
            f"{few:,} records, mirror": Run("ours", small, settings=settings, left=few // 100 // small.segments),
        }
    )
    append, pages, mirrored = measured.values()
    both = [
        replace(one, wall=one.wall + other.wall, cpu=one.cpu + other.cpu)
        for one, other in zip(append, pages, strict=True)
    ]
    unlimited = {**settings, **_UNLIMITED}
    (most,) = (
        huge := bench.rounds(
            {f"{many:,} records, mirror": Run("ours", large, settings=unlimited, left=many // 100 // large.segments)}
        )
    ).values()
    findings = (
        _ratio(f"Mirror of {name} / append and its paged reads: time", mirrored, both, at_most=1.3),
        _ratio(f"Mirror of {name} / append and its paged reads: CPU", mirrored, both, of=cpu),
        Finding(f"Mirror of {name}: peak memory", median(map(peak, mirrored)), "MB", at_most=150),
        Finding(f"Mirror of {many:,} members: peak memory", median(map(peak, most)), "MB", at_most=150),
    )
    return Results(findings, _timings({**measured, **huge}))


def columns(bench: Bench) -> Results:
    """A thousand columns beside a hundred."""
    records = 5000 if bench.quick else 30_000
    shapes = {count: Shape(records, extra_columns=count - len(Shape(0).columns)) for count in (100, 1000)}
    runs = {f"{records:,} records of {count:,} columns": Run("ours", shape) for count, shape in shapes.items()}
    measured = bench.rounds({**runs, "no records": Run("ours")})
    few, many, nothing = measured.values()
    findings = (
        _ratio(
            f"{records:,} records of 1,000 / 100 columns: CPU beyond start-up",
            _beyond(many, nothing),
            _beyond(few, nothing),
            of=cpu,
            at_most=11,
            note="10 is linear",
        ),
        Finding(f"{records:,} records of 1,000 columns: peak memory", median(map(peak, many)), "MB"),
    )
    return Results(findings, _timings(measured))


def parquet(bench: Bench) -> Results:
    """A million records from a Parquet file through `take_arrow`, beside the bare loop that reads them as JSON."""
    if find_spec("pyarrow") is None:
        return Results(notes=("pyarrow is not installed: Parquet is not measured",))
    records = 100_000 if bench.quick else 1_000_000
    shape = Shape(records)
    measured = bench.rounds(
        {
            f"bare loop, {records:,} records as JSON": Run("bare", shape),
            f"target-selligent, {records:,} records from Parquet": Run("parquet", shape),
            f"pyarrow alone, {records:,} records read from Parquet": Run("parquet", shape, loaded=0),
        }
    )
    bare, ours, read = measured.values()
    more_memory = [replace(one, peak_mb=one.peak_mb - none.peak_mb) for one, none in zip(ours, read, strict=True)]
    findings = (
        _ratio(f"{records:,} records from Parquet / bare loop, time", ours, bare, at_most=0.6),
        _ratio(f"{records:,} records from Parquet / bare loop, CPU", ours, bare, of=cpu),
        Finding(f"{records:,} records from Parquet: peak memory", median(map(peak, ours)), "MB"),
        Finding(
            f"{records:,} records from Parquet: peak memory beyond that of reading alone",
            median(map(peak, more_memory)),
            "MB",
            at_most=150,
        ),
    )
    return Results(findings, _timings(measured))


def keys(bench: Bench) -> Results:
    """Memory with `ImportFirstMatch`, which must know every key of the run. Takes minutes: only when asked for."""
    few, many = (100_000, 300_000) if bench.quick else (1_000_000, 10_000_000)
    settings = {"deduplication": "ImportFirstMatch"}
    measured = bench.rounds(
        {
            f"{count:,} distinct keys, ImportFirstMatch": Run("ours", Shape(count, narrow=True), settings=settings)
            for count in (few, many)
        }
    )
    peaks = [median(map(peak, measurements)) for measurements in measured.values()]
    findings = (
        Finding(f"{many:,} distinct keys, ImportFirstMatch: peak memory", peaks[1], "MB", at_most=150),
        Finding(f"Peak memory with ImportFirstMatch, {many:,} / {few:,} keys", peaks[1] / peaks[0], at_most=1.1),
    )
    return Results(findings, _timings(measured))


def changes(bench: Bench) -> Results:
    """A night in which one record of a hundred has changed, with `changes_only` and without."""
    records = 100_000 if bench.quick else 1_000_000
    before, after = Shape(records), Shape(records, changed_every=_CHANGED_EVERY)
    everything = Run("ours", after, _LATENCY_MS, _NO_GROWTH)
    settings = {**_NO_GROWTH, "changes_only": True}
    changed = records // _CHANGED_EVERY
    title = f"{records:,} records, 1 in {_CHANGED_EVERY} changed, {_LATENCY_MS} ms a call"
    note = f"loads stay at {_BATCH_ROWS:,} rows in both"
    measured = bench.rounds(
        {
            title: everything,
            f"{title}, changes_only": replace(everything, settings=settings, loaded=changed, before=before),
            f"{records:,} records, {_LATENCY_MS} ms a call, changes_only, first run": replace(
                everything, shape=before, settings=settings
            ),
        }
    )
    full, night, first = measured.values()
    size = max(one.file_bytes for one in (*night, *first)) / records
    findings = (
        Finding(f"{title}: loads with changes_only", max(one.counts.loads for one in night), "calls", at_most=12),
        _ratio(f"{title}: time with changes_only / without", night, full, at_most=0.25, note=note),
        _ratio(f"{title}: CPU with changes_only / without", night, full, of=cpu, at_most=2.5),
        _ratio(f"{records:,} records: CPU of the first run with changes_only / without", first, full, of=cpu),
        Finding("Snapshot, size a record", size, "bytes", at_most=64),
        Finding(f"{title}: peak memory with changes_only", max(map(peak, (*night, *first))), "MB", at_most=200),
    )
    values = {"all records": median(map(wall, full)), "changes_only": median(map(wall, night))}
    return Results(findings, _timings(measured), bars=(Bars(f"Time for {title}", values, "changes_only", "s"),))


def many_changes(bench: Bench) -> Results:
    """Memory and file with `changes_only` and ten million keys. Takes many minutes: only when asked for."""
    records = 300_000 if bench.quick else 10_000_000
    before, after = Shape(records, narrow=True), Shape(records, narrow=True, changed_every=_CHANGED_EVERY)
    settings = {"changes_only": True, "batch_size_rows": _BIG_BATCH_ROWS}
    title = f"{records:,} keys, changes_only"
    measured = bench.rounds(
        {
            f"{title}, first run": Run("ours", before, settings=settings),
            f"{title}, 1 in {_CHANGED_EVERY} changed": Run(
                "ours", after, settings=settings, loaded=records // _CHANGED_EVERY, before=before
            ),
        }
    )
    first, night = measured.values()
    findings = (
        Finding(f"{title}: peak memory of the first run", max(map(peak, first)), "MB", at_most=200),
        Finding(f"{title}: peak memory of the next run", max(map(peak, night)), "MB", at_most=200),
        Finding(f"{title}: size a key", max(one.file_bytes for one in night) / records, "bytes", at_most=64),
    )
    return Results(findings, _timings(measured))


SCENARIOS: dict[str, Callable[[Bench], Results]] = {
    scenario.__name__: scenario
    for scenario in (
        speed,
        start,
        waiting,
        growth,
        merging,
        lists,
        segments,
        mirror,
        columns,
        parquet,
        changes,
        keys,
        many_changes,
    )
}
ON_REQUEST = frozenset({"keys", "many_changes"})


def _ratio(  # noqa: PLR0913 - as many as a finding has
    what: str,
    measured: Sequence[Measurement],
    reference: Sequence[Measurement],
    *,
    of: Callable[[Measurement], float] = wall,
    at_most: float | None = None,
    at_least: float | None = None,
    note: str = "",
) -> Finding:
    value, spread = compare(measured, reference, of)
    return Finding(what, value, at_most=at_most, at_least=at_least, spread=spread, note=note)


def _scaled(measured: Sequence[Measurement], empty: Sequence[Measurement], scale: float) -> list[Measurement]:
    """Return what more records would have taken: start-up once, the rest so many times."""
    return [
        replace(one, wall=none.wall + (one.wall - none.wall) * scale, cpu=none.cpu + (one.cpu - none.cpu) * scale)
        for one, none in zip(measured, empty, strict=True)
    ]


def _beyond(measured: Sequence[Measurement], empty: Sequence[Measurement]) -> list[Measurement]:
    start_up = median(map(cpu, empty))
    return [replace(one, cpu=one.cpu - start_up) for one in measured]


def _timings(measured: Mapping[str, Sequence[Measurement]]) -> tuple[Timing, ...]:
    return tuple(timing(name, measurements) for name, measurements in measured.items())
