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
SHAPES: Words = (
    "cube", "ball", "cylinder",
    "disc", "square", "diamond",
    "car", "truck",
    "drawer", "button", "knob", "tray", "line", "bay", "pedestrian", "cone",
    "pad",
)  # fmt: skip
SIZES: Words = ("small", "large")
RELATIONS: Words = (
    "left", "right", "middle", "straight",
    "clockwise", "anticlockwise", "close", "far",
    "leftmost", "rightmost", "nearest", "farthest",
    "first", "second", "third", "fourth",
    "left_of", "right_of", "in_front_of", "behind", "between",
)  # fmt: skip
"""Ids, not words. All four tables grow at their ends only: see `codes`."""

ORDINALS: Words = ("first", "second", "third", "fourth")
RANKS: Words = ("leftmost", "rightmost", "nearest", "farthest", *ORDINALS)
"""Relations that single a thing out even where it has no other name: the leftmost object."""

KINDS: Mapping[str, Words] = {"pad": ("disc", "square", "diamond")}
"""Shapes that other shapes are kinds of; the empty shape is anything."""

ALONG_THE_ROAD: Words = ("line", "bay", "pedestrian", "cone", "car", "truck")
"""Shapes that are counted from here onwards; all others from the left."""

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
        "drawer": ("drawer",),
        "button": ("button", "push button"),
        "knob": ("knob", "dial"),
        "tray": ("tray",),
        "line": ("line",),
        "bay": ("bay", "parking bay"),
        "pedestrian": ("pedestrian", "person"),
        "cone": ("cone", "traffic cone"),
        "pad": ("pad", "marked spot"),
        "": ("object", "thing"),
    },
    "zh": {
        "cube": ("方块", "立方体"),
        "ball": ("球", "圆球", "球体"),
        "cylinder": ("圆柱", "圆柱体"),
        "disc": ("圆形区域", "圆形标记", "圆圈"),
        "square": ("方形区域", "方形标记", "正方形"),
        "diamond": ("菱形区域", "菱形标记", "菱形"),
        "car": ("轿车", "家用轿车"),
        "truck": ("卡车", "货车"),
        "drawer": ("抽屉",),
        "button": ("按钮", "按键"),
        "knob": ("旋钮",),
        "tray": ("托盘",),
        "line": ("线",),
        "bay": ("车位", "停车位"),
        "pedestrian": ("行人",),
        "cone": ("锥桶", "路锥"),
        "pad": ("区域", "标记"),
        "": ("物体", "东西"),
    },
}

SIZE_WORDS: Mapping[Language, Mapping[str, Words]] = {
    "en": {"small": ("small", "little"), "large": ("large", "big")},
    "zh": {"small": ("小",), "large": ("大",)},
}

SIDE_WORDS: Mapping[Language, Mapping[str, Words]] = {
    "en": {
        "left": ("left",),
        "right": ("right",),
        "middle": ("middle", "centre"),
        "straight": ("straight ahead", "straight on"),
    },
    "zh": {"left": ("左",), "right": ("右",), "middle": ("中间",), "straight": ("前",)},
}
"""For referents that are no thing: a lane, a way to go."""

WAY_WORDS: Mapping[Language, Mapping[str, Words]] = {
    "en": {
        "clockwise": ("clockwise", "to the right"),
        "anticlockwise": ("anticlockwise", "counterclockwise", "to the left"),
        "left": ("left",),
        "right": ("right",),
        "close": ("close",),
        "far": ("far",),
    },
    "zh": {
        "clockwise": ("顺时针", "向右"),
        "anticlockwise": ("逆时针", "向左"),
        "left": ("左",),
        "right": ("右",),
        "close": ("近",),
        "far": ("远",),
    },
}
"""For targets that are no thing: a direction, a manner of keeping a distance."""

RANK_PHRASES: Mapping[Language, Mapping[str, Words]] = {
    "en": {
        "leftmost": ("leftmost {noun}", "{noun} farthest to the left"),
        "rightmost": ("rightmost {noun}", "{noun} farthest to the right"),
        "nearest": ("nearest {noun}", "closest {noun}"),
        "farthest": ("farthest {noun}", "furthest {noun}", "most distant {noun}"),
        "left": ("left {noun}", "{noun} on the left"),
        "right": ("right {noun}", "{noun} on the right"),
        "middle": ("middle {noun}", "{noun} in the middle"),
    },
    "zh": {
        "leftmost": ("最左边的{noun}", "最左侧的{noun}", "最靠左的{noun}"),
        "rightmost": ("最右边的{noun}", "最右侧的{noun}", "最靠右的{noun}"),
        "nearest": ("最近的{noun}", "离得最近的{noun}"),
        "farthest": ("最远的{noun}", "离得最远的{noun}"),
        "left": ("左边的{noun}", "左侧的{noun}", "左边那{measure}{noun}"),
        "right": ("右边的{noun}", "右侧的{noun}", "右边那{measure}{noun}"),
        "middle": ("中间的{noun}", "中间那{measure}{noun}"),
    },
}
"""How a rank goes with its noun."""

ORDINAL_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {"first": "first", "second": "second", "third": "third", "fourth": "fourth"},
    "zh": {"first": "第一", "second": "第二", "third": "第三", "fourth": "第四"},
}

ROW_PHRASES: Mapping[Language, Words] = {
    "en": ("{ordinal} {noun} from the left", "{ordinal} {noun} counting from the left"),
    "zh": (
        "从左数{ordinal}{measure}{noun}",
        "左起{ordinal}{measure}{noun}",
        "从左边数{ordinal}{measure}{noun}",
    ),
}
"""How an ordinal goes with what stands in a row."""

ROAD_PHRASES: Mapping[Language, Words] = {
    "en": ("{ordinal} {noun}", "{ordinal} {noun} ahead"),
    "zh": ("{ordinal}{measure}{noun}", "前方{ordinal}{measure}{noun}"),
}
"""How an ordinal goes with what is met along the road."""

MEASURE_WORDS: Mapping[str, Words] = {
    "car": ("辆",),
    "truck": ("辆",),
    "line": ("条",),
    "pedestrian": ("位", "个"),
}
"""What Chinese counts a noun with, where it is not 个."""

PLACE_WORDS: Mapping[Language, Mapping[str, Words]] = {
    "en": {
        "left_of": ("to the left of", "left of", "on the left of"),
        "right_of": ("to the right of", "right of", "on the right of"),
        "in_front_of": ("in front of",),
        "behind": ("behind",),
        "between": ("between",),
    },
    "zh": {
        "left_of": ("左边", "左侧"),
        "right_of": ("右边", "右侧"),
        "in_front_of": ("前面", "前方"),
        "behind": ("后面", "后方"),
        "between": ("之间", "中间"),
    },
}
"""How a thing lies to its anchors, as the camera sees it."""

ADVERBS: Mapping[Language, Mapping[Manner, Words]] = {
    "en": {
        "slowly": ("slowly", "unhurriedly"),
        "quickly": ("quickly", "swiftly", "rapidly"),
        "smoothly": ("smoothly", "steadily", "fluidly"),
        "gently": ("gently", "softly", "carefully"),
    },
    "zh": {
        "slowly": ("慢慢地", "缓缓", "缓缓地", "缓慢地"),
        "quickly": ("快速地", "迅速", "迅速地", "赶快"),
        "smoothly": ("平稳地", "平顺地", "稳稳地", "流畅地"),
        "gently": ("轻轻地", "轻柔地", "小心地", "温和地"),
    },
}
"""Stand right beside the verb."""

TAILS: Mapping[Language, Mapping[Manner, Words]] = {
    "en": {
        "slowly": ("slowly", "at a slow pace", "without any hurry", "nice and slow"),
        "quickly": ("quickly", "at a fast pace", "as fast as you can", "without delay"),
        "smoothly": ("smoothly", "without any jerks", "in one smooth motion", "nice and smooth"),
        "gently": ("gently", "with a light touch", "with great care", "nice and easy"),
    },
    "zh": {
        "slowly": ("慢一点", "慢点", "速度放慢些", "不用着急"),
        "quickly": ("快一点", "快点", "速度加快些", "越快越好"),
        "smoothly": ("平稳一点", "稳着点", "动作要平顺", "不要忽快忽慢"),
        "gently": ("轻一点", "轻点", "动作要轻", "小心一些"),
    },
}
"""Close a sentence."""

LEADS: Mapping[Language, Mapping[Manner, Words]] = {
    "en": {
        "slowly": ("take your time", "no rush", "keep it slow"),
        "quickly": ("hurry up", "be quick", "make it fast"),
        "smoothly": ("keep it smooth", "no jerky moves", "be smooth about it"),
        "gently": ("be gentle", "be careful", "keep it gentle"),
    },
    "zh": {
        "slowly": ("慢一点", "别着急", "慢慢来"),
        "quickly": ("快点", "抓紧时间", "动作快些"),
        "smoothly": ("稳一点", "保持平稳", "动作平顺些"),
        "gently": ("轻一点", "小心点", "动作轻些"),
    },
}
"""A clause of their own, before or after the sentence."""

MANNER_SLOTS: Mapping[str, Mapping[Language, Mapping[Manner, Words]]] = {
    "adverb": ADVERBS,
    "tail": TAILS,
    "lead": LEADS,
}


def words_for(table: Mapping[str, Words], kind: str, name: str) -> Words:
    """The words that may stand for `name`.

    Raises:
        UnknownName: If the table has no such entry; the error lists what there is.
    """
    try:
        return table[name]
    except KeyError:
        raise UnknownName(kind, name, table) from None
