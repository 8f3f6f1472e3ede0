"""Fibre types by link: what all links share is the network's value; the checker agrees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qkdopt
from qkdopt.channel_sets.scenario import Scenario
from qkdopt.errors import InstanceError
from qkdopt.instance import SHIPPED_FIBRES, FibreType, OffGridCandidate
from qkdopt.instance.generation import NetworkBuilder, new_instance, preset_changes
from qkdopt.io import parse_instance
from qkdopt.problem.coefficients import build_tables

RING = qkdopt.read_instance("instances/small/ring.json").replace(
    qkd={"candidates": [1, 4, OffGridCandidate(frequency_thz=228.85, loss_db_per_km=0.33)]}
)
losses = st.none() | st.floats(0.12, 0.4)
areas = st.none() | st.floats(50.0, 200.0)
ratios = st.floats(0.001, 3.0)


def typed(instance, fibres, names):
    links = {
        link.id: {"fibre": name}
        for link, name in zip(instance.network.links, names, strict=True)
        if name is not None
    }
    return instance.replace(fibres=fibres, network={"links": links})


def alike(one, other):
    first, second = build_tables(one), build_tables(other)
    for name in ("noise", "background_noise", "transmittance"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), rel=1e-12), name


@settings(max_examples=30, deadline=None)
@given(loss=losses, area=areas, ratio=ratios, own=st.booleans())
def test_a_type_of_all_links_is_the_networks_value(loss, area, ratio, own):
    base = RING
    if own:
        base = RING.replace(network={"links": {"1-2": {"loss_db": 4.0}}})
    fibre = FibreType(id="x", loss_db_per_km=loss, effective_area_um2=area, raman_ratio=ratio)
    changes = {"raman_scale": base.fibre.raman_scale * ratio}
    if loss is not None:
        changes["loss_db_per_km"] = loss
    if area is not None:
        changes["effective_area_um2"] = area
    alike(typed(base, [fibre], ["x"] * 5), base.replace(fibre=changes))


@settings(max_examples=10, deadline=None)
@given(
    rows=st.lists(st.tuples(losses, areas, ratios), min_size=2, max_size=2),
    names=st.lists(st.sampled_from([None, "a", "b"]), min_size=5, max_size=5),
)
def test_the_checker_agrees_on_every_mix(rows, names):
    fibres = [
        FibreType(id=name, loss_db_per_km=loss, effective_area_um2=area, raman_ratio=ratio)
        for name, (loss, area, ratio) in zip("ab", rows, strict=True)
    ]
    instance = typed(RING, fibres, names)
    result = qkdopt.solve(instance, strategy="ds-qkd")
    assert qkdopt.check(instance, result).faults == ()
    assert parse_instance(result_text(instance)) == instance


def result_text(instance):
    from qkdopt.runtime.files import to_text

    return to_text(instance.to_json_dict())


def test_a_plan_of_another_fibre_is_found_out():
    fibre = FibreType(id="x", loss_db_per_km=0.17)
    instance = typed(RING, [fibre], ["x", None, None, None, None])
    result = qkdopt.solve(instance, strategy="ds-qkd")
    claimed = result.instance.model_copy(update={"sha256": RING.sha256()})
    faults = qkdopt.check(RING, result.model_copy(update={"instance": claimed})).faults
    assert any("skr_bps" in fault for fault in faults)


def test_types_that_change_nothing_change_no_rate_and_none_changes_no_hash():
    plain = typed(RING, [FibreType(id="x")], ["x"] * 5)
    alike(plain, RING)
    assert plain.sha256() != RING.sha256()
    assert plain.replace(
        fibres=None, network={"links": {link.id: {"fibre": None} for link in RING.network.links}}
    ).sha256() == RING.sha256()  # fmt: skip
    assert qkdopt.read_instance("instances/small/ring.json").sha256().startswith("e2f2caca4d30")


def test_faults_of_types_come_in_one_error():
    with pytest.raises(InstanceError) as caught:
        typed(RING, [FibreType(id="x"), FibreType(id="x")], ["y", "G.654.E", "x", None, None])
    text = str(caught.value)
    assert "fibres: id 'x' is given 2 times; expected once" in text
    assert "0-1.fibre = 'y'; expected the id of one of `fibres` (x)" in text
    assert "1-2.fibre = 'G.654.E'" in text
    assert "'loss_db_per_km': 0.17" in text


def test_a_scenario_of_loss_dims_every_type():
    instance = typed(RING, [FibreType(id="x", loss_db_per_km=0.17)], ["x", *[None] * 4])
    worse = Scenario(load_erlang=1.0, loss=1.1).applied_to(instance)
    before, after = build_tables(instance), build_tables(worse)
    assert worse.fibres[0].loss_db_per_km == pytest.approx(0.187)
    assert np.all(after.transmittance < before.transmittance)


def test_a_builder_and_a_new_instance_know_the_shipped_types():
    network = NetworkBuilder("two").add_node("A").add_node("B")
    network.add_link("A", "B", length_km=10.0, fibre="hollow-core")
    network.add_link("A", "B", length_km=10.0, fibre="mine")
    made = network.instance(fibres=[FibreType(id="mine", raman_ratio=2.0)])
    assert [fibre.id for fibre in made.fibres] == ["mine", "hollow-core"]
    for fibre in SHIPPED_FIBRES:
        made = new_instance("n", topology="nsfnet", demands=1, seed=1, fibre_type=fibre.id)
        assert made.fibres == (fibre,)
        assert preset_changes(made) == ("fibre type of 21 links (none)",)
