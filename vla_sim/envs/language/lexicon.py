"""The words of both languages: what a referent and a manner can be called.

Each table maps an id of the meaning to the words that may stand for it. Within a table no word
serves two ids, so that a text has one meaning only; the tests hold the whole grammar to that.
"""

from collections.abc import Mapping

from vla_sim.errors import UnknownName
from vla_sim.records.instruction import Language
from vla_sim.records.manner import Manner

Words = tuple[str, ...]

COLOURS: Words = ("red", "green", "blue", "yellow", "purple", "orange")
OBJECT_SHAPES: Words = ("cube", "ball", "cylinder")
PAD_SHAPES: Words = ("disc", "square", "diamond")
VEHICLE_SHAPES: Words = ("car", "truck")
SIDES: Words = ("left", "right")

COLOUR_WORDS: Mapping[Language, Mapping[str, Words]] = {
    "en": {
        "red": ("red",),
        "green": ("green",),
        "blue": ("blue",),
        "yellow": ("yellow",),
        "purple": ("purple", "violet"),
        "orange": ("orange",),
    },
    # With and without the particle both are good Chinese: 红色的方块, 红色方块.
    "zh": {
        "red": ("红色的", "红色"),
        "green": ("绿色的", "绿色"),
        "blue": ("蓝色的", "蓝色"),
        "yellow": ("黄色的", "黄色"),
        "purple": ("紫色的", "紫色"),
        "orange": ("橙色的", "橙色", "橘色的", "橘色"),
    },
}

SHAPE_WORDS: Mapping[Language, Mapping[str, Words]] = {
    "en": {
        "cube": ("cube", "block"),
        "ball": ("ball", "sphere"),
        "cylinder": ("cylinder",),
        "disc": ("circle", "disc", "round pad"),
        "square": ("square", "square pad"),
        "diamond": ("diamond", "diamond pad"),
        "car": ("car", "sedan"),
        "truck": ("truck", "lorry"),
    },
    "zh": {
        "cube": ("方块", "立方体"),
        "ball": ("球", "圆球", "球体"),
        "cylinder": ("圆柱", "圆柱体"),
        "disc": ("圆形区域", "圆形标记", "圆圈"),
        "square": ("方形区域", "方形标记", "正方形"),
        "diamond": ("菱形区域", "菱形标记", "菱形"),
        "car": ("轿车", "小轿车"),
        "truck": ("卡车", "货车"),
    },
}

SIDE_WORDS: Mapping[Language, Mapping[str, Words]] = {
    "en": {"left": ("left",), "right": ("right",)},
    "zh": {"left": ("左",), "right": ("右",)},
}

ADVERBS: Mapping[Language, Mapping[Manner, Words]] = {
    "en": {
        "slowly": ("slowly", "unhurriedly"),
        "quickly": ("quickly", "swiftly", "rapidly"),
        "smoothly": ("smoothly", "steadily", "fluidly"),
    },
    "zh": {
        "slowly": ("慢慢地", "缓缓", "缓缓地", "缓慢地"),
        "quickly": ("快速地", "迅速", "迅速地", "赶快"),
        "smoothly": ("平稳地", "平顺地", "稳稳地", "流畅地"),
    },
}
"""Stand right beside the verb."""

TAILS: Mapping[Language, Mapping[Manner, Words]] = {
    "en": {
        "slowly": ("slowly", "at a slow pace", "without any hurry", "nice and slow"),
        "quickly": ("quickly", "at a fast pace", "as fast as you can", "without delay"),
        "smoothly": ("smoothly", "without any jerks", "in one smooth motion", "nice and smooth"),
    },
    "zh": {
        "slowly": ("慢一点", "慢点", "速度放慢些", "不用着急"),
        "quickly": ("快一点", "快点", "速度加快些", "越快越好"),
        "smoothly": ("平稳一点", "稳着点", "动作要平顺", "不要忽快忽慢"),
    },
}
"""Close a sentence."""

LEADS: Mapping[Language, Mapping[Manner, Words]] = {
    "en": {
        "slowly": ("take your time", "no rush", "keep it slow"),
        "quickly": ("hurry up", "be quick", "make it fast"),
        "smoothly": ("keep it smooth", "no jerky moves", "be smooth about it"),
    },
    "zh": {
        "slowly": ("慢一点", "别着急", "慢慢来"),
        "quickly": ("快点", "抓紧时间", "动作快些"),
        "smoothly": ("稳一点", "保持平稳", "动作平顺些"),
    },
}
"""A clause of their own, before or after the sentence."""

MANNER_SLOTS: Mapping[str, Mapping[Language, Mapping[Manner, Words]]] = {
    "adverb": ADVERBS,
    "tail": TAILS,
    "lead": LEADS,
}

JOINER: Mapping[Language, str] = {"en": " ", "zh": ""}
"""What stands between a colour and its noun."""


def words_for(table: Mapping[str, Words], kind: str, name: str) -> Words:
    """The words that may stand for `name`.

    Raises:
        UnknownName: If the table has no such entry; the error lists what there is.
    """
    try:
        return table[name]
    except KeyError:
        raise UnknownName(kind, name, table) from None
