"""Rule files that change while the job runs."""

from pathlib import Path

import pytest

from analytics.jobs.files import Files
from analytics.jobs.live import Live
from runtime import yamldoc
from tests.analytics.conftest import Kit
from tests.analytics.jobs.world import World, settled, until

LIMIT = 60.0
HOT = """
- id: {id}
  title: {{ id: Panas, en: Hot }}
  severity: severe
  select: {{ kind: kiosk, metrics: [{metric}] }}
  test: {{ type: threshold, limit: {limit}, hold: 30 }}
"""


class Folder:
    """A folder of rule files, and a world that reads it."""

    def __init__(self, kit: Kit, path: Path) -> None:
        self.path = path / "rules"
        self.path.mkdir()
        self.write("a", "kiosk-hot", "temperature", 80)
        self.files = Files([self.path])
        self.world = World(kit, path, self.files.load())

    def write(self, file: str, rule: str, metric: str, limit: float) -> None:
        self.put(file, HOT.format(id=rule, metric=metric, limit=limit))

    def put(self, file: str, text: str) -> None:
        draft = self.path / f".{file}"
        draft.write_text(text)
        draft.replace(self.path / f"{file}.yaml")

    @property
    def rules(self) -> dict[str, str]:
        live: Live = self.world.live
        return {one.rule.id: one.rule.hash for one in live._evaluator.watches}


@pytest.fixture
def folder(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    found = Folder(kit, tmp_path)
    made = Live.__init__

    def with_files(self: Live, **given: object) -> None:
        made(self, **given, files=found.files)  # type: ignore[arg-type]

    monkeypatch.setattr(Live, "__init__", with_files)
    return found


async def test_a_new_file_is_taken_and_a_hold_goes_on(folder: Folder, kit: Kit) -> None:
    world = folder.world
    world.settings = type(world.settings)(tick=0.01, checkpoint=0.0, reload=0.0)
    hot = kit.series()
    async with world.running():
        world.accept((hot, 0.0, 90.0))
        await settled(world)
        folder.write("b", "kiosk-busy", "cpu.utilization", 0.9)
        await until(lambda: set(folder.rules) == {"kiosk-hot", "kiosk-busy"}, LIMIT)
        world.clock.advance(40)
        world.accept((hot, 40.0, 91.0))  # wrong since 0: the hold was not forgotten
        await settled(world)
        busy = kit.series("cpu.utilization", unit="/")
        world.accept((busy, 0.0, 1.0), (busy, 35.0, 1.0))
        await settled(world)
        await until(lambda: len(world.verdicts()) >= 2, LIMIT)
    assert set(world.verdicts()) == {("kiosk-hot", "raised", 40.0), ("kiosk-busy", "raised", 35.0)}
    world.close()


async def test_a_rule_that_goes_clears_and_a_changed_one_goes_on(folder: Folder, kit: Kit) -> None:
    world = folder.world
    world.settings = type(world.settings)(tick=0.01, checkpoint=0.0, reload=0.0)
    hot = kit.series()
    async with world.running():
        world.accept((hot, 0.0, 90.0), (hot, 30.0, 90.0))
        await until(lambda: len(world.verdicts()) == 1, LIMIT)
        before = folder.rules["kiosk-hot"]
        folder.write("a", "kiosk-hot", "temperature", 85)
        await until(lambda: folder.rules["kiosk-hot"] != before, LIMIT)
        assert len(world.verdicts()) == 1  # it fires on
        folder.put("a", "[]")
        await until(lambda: not folder.rules, LIMIT)
        await until(lambda: len(world.verdicts()) == 2, LIMIT)
    assert world.verdicts()[1][:2] == ("kiosk-hot", "cleared")
    world.close()


async def test_a_wrong_file_keeps_the_rules_and_says_so(folder: Folder) -> None:
    world = folder.world
    world.settings = type(world.settings)(tick=0.01, checkpoint=0.0, reload=0.0)
    async with world.running():
        before = folder.rules
        folder.put("b", "- id: broken\n  title: 3\n")
        await until(lambda: "b.yaml" in folder.files.trouble, LIMIT)
        assert folder.rules == before
        assert world.registry.get_sample_value("imm_analytics_rules_refused") == 1
        folder.write("b", "kiosk-busy", "cpu.utilization", 0.9)
        await until(lambda: "kiosk-busy" in folder.rules, LIMIT)
        assert not folder.files.trouble
        assert world.registry.get_sample_value("imm_analytics_rules_refused") == 0
        assert world.registry.get_sample_value("imm_analytics_rules") == 2
    world.close()


def test_the_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(yamldoc.Wrong, match="no such file or folder"):
        Files([tmp_path / "none"]).load()
    (tmp_path / "a.yaml").write_text(HOT.format(id="one", metric="temperature", limit=80))
    (tmp_path / "b.txt").write_text("no rules")
    assert [one.id for one in Files([tmp_path]).load()] == ["one"]
    assert [one.id for one in Files([tmp_path / "a.yaml"]).load()] == ["one"]
