"""What a report says, in Chinese: the one table of its texts, by the English that the code writes.

What stands in braces is taken over. A test renders a page with everything on it and finds each
text that is not here.
"""

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    # The frame of the page.
    "vla-sim report": "vla-sim 报告",
    "protocol": "协议",
    "step": "步",
    "Side by side": "并排",
    "Episodes": "回合",
    "Verdict": "结论",
    "Learning": "训练",
    "Practice": "练习",
    "Success": "成功",
    "Limits and comfort": "限值与舒适",
    "Manners": "方式",
    "Retrieval": "检索",
    "Films": "影片",
    "Episodes on film": "拍成影片的回合",
    "Failures": "失败",
    "Claims": "声明",
    "Run card": "运行卡",
    "One file, nothing loaded from elsewhere. Every interval covers 95 %.": (
        "一个文件，不从别处加载任何东西。所有区间均为 95 %。"
    ),
    "Closed loop of vla-sim": "vla-sim 闭环训练",
    "The closed loop, end to end": "从头到尾的闭环",
    "{task} by reinforcement, with vla-sim": "用 vla-sim 强化学习：{task}",
    "{n} results, with vla-sim": "{n} 个结果，vla-sim",
    "Benchmark of {policy}": "{policy} 的评测",
    # Several results.
    "not compared": "未比较",
    "{name} is no result of a benchmark: it has no rows that could be paired": (
        "{name} 不是评测结果：没有可以配对的行"
    ),
    "results of {a} and {b} cannot be compared: {differing}. Measure both under one protocol; "
    "`vla-sim protocol freeze` writes one to a file": (
        "{a} 与 {b} 的结果不能比较：{differing}。请用同一协议测量二者；`vla-sim protocol freeze` "
        "会把协议写成文件"
    ),
    "results of {a} cannot be compared, since {differing}. Give settings that differ names that "
    "differ": "{a} 的结果不能比较：{differing}。不同的设置请取不同的名字",
    "these results end where it was {rule}: a test that is fixed beforehand would call equal "
    "policies different more often than alpha; {file} beside them says what may be said": (
        "这些结果按规则“{rule}”停下：事先定好的检验会以大于 alpha 的频率把相同的策略说成不同；"
        "能说什么见旁边的 {file}"
    ),
    "{n} pairs of the arm {arm} are too few: even if the policies differed on every one, the test "
    "could not say so; it takes {m} at least, and `vla-sim power` says how many are worth while": (
        "{arm} 方式下的 {n} 对太少：即使策略在每一对上都不同，检验也无法说出差别；至少要 {m} 对，"
        "`vla-sim power` 会说多少才值得"
    ),
    "{name} has no episodes of the arm {arm}; it has {arms}": (
        "{name} 没有 {arm} 方式的回合；它有 {arms}"
    ),
    "{name} has {n} episodes that not all others have, for example {task} seed {m}: measure all of "
    "them under one protocol": (
        "{name} 有 {n} 个回合是其他结果没有的，例如 {task} 种子 {m}：请用同一协议测量全部"
    ),
    "Success under the true instruction": "真实指令下的成功率",
    "Paired differences": "配对差异",
    "On the same episodes: the exact McNemar test with Holm over all pairs of results, Newcombe’s "
    'paired interval. "Better" is said where the test rejected.': (
        "同样的回合上：精确 McNemar 检验，对所有结果对做 Holm 校正，Newcombe 配对区间。只有检验"
        "拒绝时才说“更好”。"
    ),
    "{a} is better than {b}: {what} {x} against {y}, {points} ({n} pairs, p = {p})": (
        "{a} 优于 {b}：{what} {x} 对 {y}，{points}（{n} 对，p = {p}）"
    ),
    "{a} and {b} are not shown to differ: {what} {x} against {y}, {points} (n = {n} pairs, "
    "p = {p}; {wanted})": (
        "未显示 {a} 与 {b} 有差别：{what} {x} 对 {y}，{points}（n = {n} 对，p = {p}；{wanted}）"
    ),
    "{value} points [{low}, {high}]": "{value} 个百分点 [{low}, {high}]",
    "the two came out equal, so no number of episodes would show this difference": (
        "二者结果相同，再多回合也显示不出这样的差别"
    ),
    "it would take more episodes than anybody runs": "需要的回合多到没有人会跑",
    "such a difference shows in about {n} episodes, four times of five": (
        "这样的差别约 {n} 个回合就会显示，五次中有四次"
    ),
    "it would take about {n} episodes": "约需 {n} 个回合",
    "cannot be told from the best: {names}; worse: {told}": "与最好者无法区分："
    "{names}；更差：{told}",
    "cannot be told from the best: {names}": "与最好者无法区分：{names}",
    "{name} is better than all others": "{name} 优于其他所有结果",
    "{names} and {last}": "{names}、{last}",
    "First": "前者",
    "Second": "后者",
    "Difference": "差",
    "Pairs": "对数",
    "p (Holm)": "p（Holm）",
    # The table of episodes.
    "Every episode that was measured. What is chosen here decides which are shown and counted.": (
        "测过的每个回合。在这里选什么，就显示并统计什么。"
    ),
    "Place": "序号",
    "Result": "结果",
    "Task": "任务",
    "Instruction": "指令",
    "Arm": "对照",
    "Axis": "域轴",
    "Manner": "方式",
    "Language": "语言",
    "Seed": "种子",
    "Time": "时间",
    "Progress": "进度",
    "Outcome": "结局",
    "Broken limits": "违反的限值",
    "all": "全部",
    "more": "更多",
    "none": "无",
    "{n} of {m} episodes": "{m} 个回合中的 {n} 个",
    "success": "成功",
    "progress": "进度",
    "en": "英文",
    "zh": "中文",
    "Failures first, each kind in turn; the number is the place in the table of episodes.": (
        "失败在前，各类轮流；数字是回合表中的序号。"
    ),
    "Contact sheet": "一览图",
    "seed {seed}": "种子 {seed}",
    # Arms.
    "True instruction": "真实指令",
    "Held-out wording": "未见过的措辞",
    "Other language": "另一种语言",
    "Tool call": "工具调用",
    "Told nothing": "什么也不说",
    "Told punctuation": "只给标点",
    "Told another goal": "告知另一目标",
    "Told of what is not there": "告知不存在之物",
    "correct": "真实指令",
    "held out": "未见过的措辞",
    "other language": "另一种语言",
    "tool call": "工具调用",
    "empty": "什么也不说",
    "punctuation": "只给标点",
    "swapped": "另一目标",
    "wrong referent": "不存在之物",
    "held-out wording": "未见过的措辞",
    "told nothing": "什么也不说",
    "told punctuation": "只给标点",
    "told another goal": "告知另一目标",
    "told of what is not there": "告知不存在之物",
    "over {arm}": "相对于{arm}",
    # Manners.
    "normal": "正常",
    "slowly": "慢慢地",
    "quickly": "快快地",
    "smoothly": "平稳地",
    "gently": "轻轻地",
    "all manners": "所有方式",
    # Axes.
    "layout {n}": "布局 {n}",
    "colour_shape {n}": "颜色与形状 {n}",
    "distractors {n}": "干扰物 {n}",
    "camera {n}": "相机 {n}",
    "light {n}": "光照 {n}",
    "texture {n}": "纹理 {n}",
    "start {n}": "起始位姿 {n}",
    "dynamics {n}": "动力学 {n}",
    "noise {n}": "噪声 {n}",
    "wording {n}": "措辞 {n}",
    "language {n}": "语言 {n}",
    "renderer {n}": "渲染器 {n}",
    "engine {n}": "引擎 {n}",
    "{n} × {axis}": "{n} × {axis}",
    # Kinds of failure, and what they mean.
    "policy failed": "策略出错",
    "diverged": "物理发散",
    "collision": "碰撞",
    "off road": "驶离道路",
    "out of bounds": "越界",
    "wrong object": "动错物体",
    "not held": "未保持",
    "did not move": "没有动",
    "timeout near": "超时（已近）",
    "timeout far": "超时（尚远）",
    "ended early": "提前结束",
    "Who acted raised, or returned what is no chunk of actions.": "行动者抛出异常，"
    "或给出的不是动作块。",
    "The physics blew up.": "物理仿真发散。",
    "It hit what it must not hit.": "撞上了不该碰的东西。",
    "It left the road.": "驶离了道路。",
    "It left the workspace.": "离开了工作空间。",
    "It acted on another thing than the one that was asked for.": "动了指令所指之外的物体。",
    "It met the condition, but did not keep it.": "达到过条件，但没有保持住。",
    "It went less than a tenth of the expert's path.": "走过的路程不到专家的十分之一。",
    "Time ran out after most of the way to the goal.": "走完大部分路程后时间用尽。",
    "Time ran out far from the goal.": "离目标尚远时时间用尽。",
    "The task ended the episode for a reason that the record does not name.": (
        "任务结束了回合，记录没有说明原因。"
    ),
    "The referent was out of the picture at half time.": "半程时所指之物不在画面中。",
    "At half time the attention lay on the referent: the words were read.": (
        "半程时注意力落在所指之物上：指令被读懂了。"
    ),
    "At half time the attention lay {n} cells beside the referent.": (
        "半程时注意力偏离所指之物 {n} 格。"
    ),
    "Limits broken on the way: {names}.": "途中违反的限值：{names}。",
    # Limits.
    "acceleration": "加速度",
    "action range": "动作范围",
    "jerk": "加加速度",
    "joint limit": "关节限位",
    "velocity": "速度",
    "wrong bay": "错误车位",
    "workspace": "工作空间",
    # The verdict on one result.
    "This report holds no measurement yet.": "此报告尚无测量。",
    "The benchmark holds no success under the true instruction.": "评测中没有真实指令下的成功率。",
    "The model succeeds in {share} of {n} episodes (95 % interval {interval}); its weakest task is "
    "{task} at {value}.": (
        "模型在 {n} 个回合中成功 {share}（95 % 区间 {interval}）；最弱的任务是 {task}，{value}。"
    ),
    "It acts on its instruction: told another goal of the scene, it reaches the true one in "
    "{share}.": "它按指令行动：告知场景中另一目标时，只有 {share} 到达真实目标。",
    "It does not clearly act on its instruction: told another goal of the scene, it reaches the "
    "true one in {share}.": (
        "看不出它按指令行动：告知场景中另一目标时，仍有 {share} 到达真实目标。"
    ),
    "Told nothing, it succeeds in {share}, where guessing among the scene's goals gives {guess}.": (
        "什么也不说时成功 {share}；在场景目标中猜测可得 {guess}。"
    ),
    "In wording that it never saw, its success changes by {points} ({low} to {high}).": (
        "换成从未见过的措辞，成功率变化 {points}（{low} 至 {high}）。"
    ),
    "In the other language, its success changes by {points} ({low} to {high}).": (
        "换成另一种语言，成功率变化 {points}（{low} 至 {high}）。"
    ),
    "Training ran to its end after {time}, at evaluation {n}.": "训练在 {time} 后跑完，"
    "第 {n} 次评估。",
    "Training stopped by itself after {time}, at evaluation {n}: {reason}.": (
        "训练在 {time} 后、第 {n} 次评估时自行停止：{reason}。"
    ),
    "The checkpoint of evaluation {n}, step {step}, was kept: {reason}.": (
        "保留第 {n} 次评估（第 {step} 步）的检查点：{reason}。"
    ),
    "{learner} practised for {n} control steps in {time}.": (
        "{learner} 用 {time} 练习了 {n} 个控制步。"
    ),
    "{learner} practised for {n} control steps in {time}; at the end {share} of the last {m} "
    "training episodes succeeded, exploration and all.": (
        "{learner} 用 {time} 练习了 {n} 个控制步；结束时最近 {m} 个训练回合（含探索）成功 {share}。"
    ),
    "It never had 80 % of {n} training episodes succeed.": "{n} 个训练回合的成功率从未达到 80 %。",
    "80 % of {n} training episodes succeeded after {steps} control steps.": (
        "{steps} 个控制步后，{n} 个训练回合中 80 % 成功。"
    ),
    "The start was kept: on held-out scenes nothing that was learnt was better.": (
        "保留的是起点：在留出场景上，学到的没有一个更好。"
    ),
    "Weakest task": "最弱的任务",
    "Manner kept": "遵守方式",
    "{interval} · guess {guess}": "{interval} · 猜测 {guess}",
    "chance {chance} · gallery {n}": "随机 {chance} · 图库 {n}",
    "{interval} · adverbs obeyed": "{interval} · 遵守副词",
    # What was decided in training.
    "{score}: {why}": "{score}：{why}",
    "success {x} %": "成功 {x} %",
    "success {x} %, R@10 {y} % (chance {z} %)": "成功 {x} %，R@10 {y} %（随机 {z} %）",
    "first report": "第一次评估",
    "{why}; the target is met": "{why}；已达目标",
    "{why}; {n} reports without progress": "{why}；{n} 次评估没有进步",
    "new best, {moved} (intervals overlap)": "新的最好：{moved}（区间重叠）",
    "new best, {moved} (intervals apart)": "新的最好：{moved}（区间分开）",
    "success {x} points and R@10 {y} points": "成功 {x} 个百分点，R@10 {y} 个百分点",
    "success {x} points": "成功 {x} 个百分点",
    "R@10 {y} points": "R@10 {y} 个百分点",
    "{x} points": "{x} 个百分点",
    "unchanged": "不变",
    "no progress, R@10 {found} is under the smallest gain and the simulator does not agree "
    "({gain})": ("没有进步：R@10 {found} 低于最小增益，仿真也不同意（{gain}）"),
    "no progress, success {gain}, R@10 {found}": "没有进步：成功 {gain}，R@10 {found}",
    # Training.
    "Retrieval and success of the same model on one time axis. One score of both stops the run and "
    "chooses the checkpoint.": (
        "同一模型的检索与成功率画在同一时间轴上。二者合成的一个分数决定何时停止、保留哪个检查点。"
    ),
    "kept": "保留",
    "stop": "停止",
    "kept: evaluation {n}": "保留：第 {n} 次评估",
    "Evaluation {n}, step {step}, after {time}": "第 {n} 次评估，第 {step} 步，{time} 后",
    "Evaluation {n}, after {time}": "第 {n} 次评估，{time} 后",
    "Success by task": "各任务的成功率",
    "Losses, and what is logged beside them": "损失，以及一同记录的量",
    "Codes": "码",
    "How many codes of the shared codebook pictures and words use, and how differently: at a "
    "divergence of 0 both use the same codes alike, at 100 % of a bit they share none and a code "
    "means the same for neither.": (
        "图像与文字各用了共享码本中的多少码，用法差多少："
        "散度为 0 时二者同样使用同样的码；为一比特的"
        " 100 % 时没有共同的码，同一个码对二者含义不同。"
    ),
    "Which way the losses pull": "各损失往哪里拉",
    "Angles between the gradients of the groups of losses at the representation that they share, "
    "over {n} looks. Beyond 90° a step for one is a step against the other.": (
        "各组损失在共享表示处的梯度夹角，共查看 {n} 次。超过 90° 时，利于一组的一步就逆着另一组。"
    ),
    "What each loss weighs": "各损失的权重",
    "What its weight is multiplied with.": "它的权重所乘的数。",
    "How uncertain each loss is": "各损失有多不确定",
    "Health": "健康度",
    "Health of the aligned space": "对齐空间的健康度",
    "The kept checkpoint, step {n}, over the held-out gallery. A row asks and a column is found: "
    "the share of queries with a right answer among the first 10, with the way made from chance to "
    "perfect. On the diagonal the same thing told again is the query: other words, another light, "
    "a hand that trembles.": (
        "保留的检查点（第 {n} 步），在留出的图库上。行去查，列被查到："
        "前 10 个里有正确答案的查询所占比例，以及从随机到完美走了多远。"
        "对角线上，查询是同一件事的另一次表达：换一种说法、换一种光照、手有些抖。"
    ),
    "Recall by direction": "各方向的召回",
    "Likeness, temperatures and batch": "相似度、温度与批",
    "CKA is debiased: about 0 for what is independent, 1 for the same up to rotation and scale.": (
        "CKA 已去偏：相互独立时约为 0，只差旋转与尺度时为 1。"
    ),
    "Asks": "去查的",
    "Clips": "片段",
    "Words": "文字",
    "Actions": "动作",
    "Value": "数值",
    "nothing varies": "没有变化",
    "Moments an update": "每次更新的时刻",
    "Segments an update": "每次更新的片段",
    "Meanings among the segments": "片段中的含义数",
    "CKA of clips and words": "CKA：片段与文字",
    "CKA of clips and actions": "CKA：片段与动作",
    "CKA of words and actions": "CKA：文字与动作",
    "Temperature vl": "温度 vl",
    "Temperature la": "温度 la",
    "Temperature va": "温度 va",
    "Temperature step": "温度 step",
    "each at most {n} times in a batch": "每种在一批中最多 {n} 次",
    "shared by {n} processes": "由 {n} 个进程分担",
    "{n} encoded at once": "一次编码 {n} 个",
    "What was decided at each of the {n} evaluations": "{n} 次评估各自的决定",
    "Evaluation": "评估",
    "Step": "步",
    "Score": "分数",
    "Decision": "决定",
    "The last {n} training episodes at each moment, exploration and all; what the policy can do "
    "without exploring is measured by the benchmark.": (
        "每个时刻最近的 {n} 个训练回合，含探索；不探索时策略能做到什么，由评测来量。"
    ),
    "Return": "回报",
    "Success on held-out scenes": "留出场景上的成功率",
    "Each task on held-out scenes": "每个任务在留出场景上",
    "kept: after {n} steps": "保留：{n} 步后",
    "Benchmark before": "练习前的评测",
    "Benchmark after": "练习后的评测",
    "Violations with a bound": "有上限的违规",
    "The share of training episodes with a violation that was to stay rare, and the price that it "
    "had then: it rises while the share is above its bound.": (
        "训练回合中出现应当罕见的违规的比例，以及当时它的价格：比例高于上限时，价格上升。"
    ),
    "episodes with it [%]": "出现它的回合 [%]",
    "price of an episode with it": "出现它的回合的价格",
    "This run holds no measurement {names} practice, so what practice changed cannot be said; "
    "`vla-sim finetune` with --episodes above 0 makes both.": (
        "此运行没有{names}的测量，无法说明练习改变了什么；--episodes 大于 0 时，"
        "`vla-sim finetune` 两者都会测。"
    ),
    "before": "练习前",
    "after": "练习后",
    "before and after": "练习前与练习后",
    # Before and after.
    "Before and after": "练习前后",
    "The policy that practice began with and the one that was kept, on the same scenes with the "
    'same words. "Better" and "worse" are said where the test rejected; Holm over the rows of a '
    "table.": (
        "练习开始时的策略与最终保留的策略，同样的场景，同样的话。只有检验拒绝时才说“更好”或“更差”；"
        "每张表的各行一起做 Holm 校正。"
    ),
    "The exact McNemar test, Newcombe's paired 95 % interval; how many scenes succeed now that "
    "failed before, and fail now that succeeded before.": (
        "精确 McNemar 检验，Newcombe 配对 95 % 区间；以前失败而现在成功的场景数，"
        "以前成功而现在失败的场景数。"
    ),
    "Episodes in which a limit was broken at least once.": "至少违反一次限值的回合。",
    "Broken in no episode, before or after: {names}.": "前后都没有回合违反：{names}。",
    "Manners and motion": "方式与运动",
    "Episodes whose motion lies in the band of their adverb, and means over episodes; of pairs in "
    "which both have the number. Means are tested by sign flips and have bootstrap intervals.": (
        "运动落在所说副词区间内的回合，以及各回合的均值；只取两边都有该数值的配对。均值用符号翻转检验，"
        "区间用自助法。"
    ),
    "The same scenes on film": "同样场景的影片",
    "Scenes that changed come first, those that fail now and those that succeed now in turn. The "
    "number is the place in the table of episodes.": (
        "变化了的场景在前，现在失败的与现在成功的轮流；数字是回合表中的序号。"
    ),
    "not filmed": "未拍影片",
    "Against before": "与练习前相比",
    "Before": "练习前",
    "After": "练习后",
    "Succeed now": "现在成功",
    "Fail now": "现在失败",
    "better": "更好",
    "worse": "更差",
    "not shown to differ": "未显示有差别",
    "Of {n} scenes, {m} that failed before succeed now, and {x} that succeeded before fail now.": (
        "{n} 个场景中，{m} 个以前失败而现在成功，{x} 个以前成功而现在失败。"
    ),
    "Shown to be better: {names}.": "显示更好：{names}。",
    "Shown to be worse: {names}.": "显示更差：{names}。",
    "No single task is shown to be better or worse.": "没有哪个任务显示更好或更差。",
    "Limits broken more often than before: {names}.": "比以前更常违反的限值：{names}。",
    "Limits broken less often than before: {names}.": "比以前更少违反的限值：{names}。",
    "No limit is shown to be broken more or less often than before.": (
        "没有哪个限值显示比以前更常或更少被违反。"
    ),
    "any of them": "其中任何一个",
    "Graded progress": "分级进度",
    "Manner kept: {manner}": "遵守方式：{manner}",
    # Charts.
    "95 % interval": "95 % 区间",
    "Success, mean over tasks": "成功率，任务平均",
    "Retrieval R@10": "检索 R@10",
    "R@10 by chance": "随机 R@10",
    "training time [s]": "训练时间 [s]",
    "training time [min]": "训练时间 [min]",
    "% of episodes, % of queries": "回合的 %，查询的 %",
    "success [%]": "成功 [%]",
    "value": "值",
    "total": "总和",
    "codes": "码数",
    "Codes that pictures use [%]": "图像用到的码 [%]",
    "Codes that words use [%]": "文字用到的码 [%]",
    "Divergence of the two [% of a bit]": "二者的散度 [一比特的 %]",
    "Perplexity of pictures": "图像的困惑度",
    "Perplexity of words": "文字的困惑度",
    "80 % after {n} steps": "{n} 步后达 80 %",
    "return of an episode": "一个回合的回报",
    "Success in training": "训练中的成功率",
    "Return in training": "训练中的回报",
    "control steps of training [thousands]": "训练的控制步 [千]",
    "time [s]": "时间 [s]",
    "speed [{unit}/s]": "速度 [{unit}/s]",
    "acceleration [{unit}/s²]": "加速度 [{unit}/s²]",
    "jerk [{unit}/s³]": "加加速度 [{unit}/s³]",
    "limit {x} ↑": "限值 {x} ↑",
    # The sections of a measurement.
    "success at end": "结束时成功",
    "success once": "曾经成功",
    "Reading: {reading}. The line on each bar is the 95 % Wilson interval, the red tick what "
    "guessing among the scene's goals gives.": (
        "读法：{reading}。条上的线是 95 % Wilson 区间，红色刻度是在场景目标中猜测所得。"
    ),
    "Success is always measured against the true instruction: under the arms that tell something "
    "else it should fall to or below the tick.": (
        "成功总以真实指令衡量：在告知别的内容的对照下，应降到刻度处或以下。"
    ),
    "What the words are worth": "指令值多少",
    "Success under the true instruction minus success under the arm, on the same seeds; percentage "
    "points with Newcombe's paired 95 % interval.": (
        "同样种子上，真实指令下的成功率减去对照下的成功率；单位百分点，Newcombe 配对 95 % 区间。"
    ),
    "Guess": "猜测",
    "All tasks": "所有任务",
    "{interval}, n = {n}": "{interval}，n = {n}",
    "{low} to {high}, {n} pairs": "{low} 至 {high}，{n} 对",
    "{low} to {high}": "{low} 至 {high}",
    "Episodes in which a limit was broken at least once, with the 95 % Wilson interval, and the "
    "fraction of steps. The limits are those of the robot's Embodiment, the same that its training "
    "used.": (
        "至少违反一次限值的回合，带 95 % Wilson 区间，以及步数占比。限值取自机器人的 Embodiment，与"
        "训练所用相同。"
    ),
    "Limit": "限值",
    "{share} of steps": "步数的 {share}",
    "Motion": "运动",
    "Means over episodes with bootstrap 95 % intervals; a failed episode counts with SPL 0 and all "
    "its time. Comfort: nuPlan's bounds for the car, a quarter of the limits for the arm.": (
        "各回合的均值，自助法 95 % 区间；失败回合按 SPL 0 和全部时间计。"
        "舒适：汽车用 nuPlan 的界，机械臂"
        "用限值的四分之一。"
    ),
    "Measure": "量",
    "Comfortable episodes": "舒适的回合",
    "Instructions carried out": "完成的指令数",
    "RMS jerk": "加加速度均方根",
    "Peak jerk": "加加速度峰值",
    "ln dimensionless jerk": "无量纲加加速度的对数",
    "Episodes whose measured motion lies in the band of the adverb that was said, and the mean "
    "typical speed under it.": "实测运动落在所说副词区间内的回合，以及该副词下的平均典型速度。",
    "at {speed} m/s": "速度 {speed} m/s",
    "Gallery of {n}; equal meanings are each other's right answers. R@K is the share of queries "
    "with a right answer among the first K. Ties count as a random order. The red tick is "
    "chance.": (
        "图库大小 {n}；含义相同者互为正确答案。"
        "R@K 是前 K 个中有正确答案的查询占比。并列按随机次序计。"
        "红色刻度是随机水平。"
    ),
    "Query → gallery": "查询 → 图库",
    "chance {x}": "随机 {x}",
    "Information": "信息",
    "A lower bound of what the two say of each other, on held-out pairs of which no two mean the "
    "same. It cannot pass log N, and beyond the red tick it says no more than that; values at "
    "different N do not compare.": (
        "二者互相说明多少的下界，取自含义两两不同的留出样本对。"
        "它不会超过 log N，越过红色刻度便只说明"
        "这么多；不同 N 的值不能比较。"
    ),
    "Pair": "对",
    "At least": "至少",
    "of {most} at N = {n}, {m} batches": "上限 {most}，N = {n}，{m} 批",
    "saturated: there may be any amount more": "已饱和：实际可能更多",
    "What the policy saw and was told.": "策略所见与所闻。",
    "One worked example of each kind: what happened, where the model looked, and how it moved.": (
        "每类失败一个详例：发生了什么，模型看向哪里，怎样运动。"
    ),
    "One worked example of each kind: what happened, and how it moved.": (
        "每类失败一个详例：发生了什么，怎样运动。"
    ),
    "Red dashes are the robot's limits, dots what the manner allows.": (
        "红色虚线是机器人的限值，点线是方式所允许的。"
    ),
    "Seen": "所见",
    "Attended to": "所注意",
    "Done": "所做",
    "What": "内容",
    "Measured": "实测",
    "Bar": "标准",
    "holds": "成立",
    "falls short": "未达到",
    "What is needed to get the same numbers again.": "再得到同样的数字所需的一切。",
    "run": "运行",
    "seeds": "种子",
    "version": "版本",
    "threads": "线程",
}
