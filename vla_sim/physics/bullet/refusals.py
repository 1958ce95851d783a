"""Refusals: what of a model cannot be said in Bullet, by name and with a way out."""

from collections.abc import Iterator

import mujoco
import numpy as np

from vla_sim.errors import BadConfig

_SHAPES = {
    int(mujoco.mjtGeom.mjGEOM_PLANE),
    int(mujoco.mjtGeom.mjGEOM_SPHERE),
    int(mujoco.mjtGeom.mjGEOM_CAPSULE),
    int(mujoco.mjtGeom.mjGEOM_CYLINDER),
    int(mujoco.mjtGeom.mjGEOM_BOX),
}
_DYNAMICS = {
    int(mujoco.mjtDyn.mjDYN_NONE),
    int(mujoco.mjtDyn.mjDYN_INTEGRATOR),
    int(mujoco.mjtDyn.mjDYN_FILTER),
}
_TRANSMISSIONS = {
    int(mujoco.mjtTrn.mjTRN_JOINT),
    int(mujoco.mjtTrn.mjTRN_JOINTINPARENT),
    int(mujoco.mjtTrn.mjTRN_TENDON),
}
_FREE, _BALL = int(mujoco.mjtJoint.mjJNT_FREE), int(mujoco.mjtJoint.mjJNT_BALL)
_SLIDE = int(mujoco.mjtJoint.mjJNT_SLIDE)
CONTACT_SENSOR = int(mujoco.mjtSensor.mjSENS_CONTACT)
_FOUND_ONLY = 1 << int(mujoco.mjtConDataField.mjCONDATA_FOUND)
_TOUCHED = {
    int(mujoco.mjtObj.mjOBJ_UNKNOWN),
    int(mujoco.mjtObj.mjOBJ_BODY),
}


def check_translatable(model: mujoco.MjModel) -> None:
    """Let pass what `BulletWorld` can run.

    Raises:
        BadConfig: If something in the model has no counterpart in Bullet; all of it is named.
    """
    refused = [
        *_features(model),
        *_joints(model),
        *_geoms(model),
        *_tendons(model),
        *_actuators(model),
        *_sensors(model),
    ]
    if refused:
        raise BadConfig(
            "this model cannot run on PyBullet: " + "; ".join(refused) + ". Run it on mujoco."
        )


def _features(model: mujoco.MjModel) -> Iterator[str]:
    for count, what, instead in (
        (model.neq, "equality constraints", "use a stiff fixed tendon"),
        (model.npair, "contact pairs", "use contype, conaffinity and excludes"),
        (model.nflex, "flexes", "use rigid bodies"),
        (model.nplugin, "plugins", "use built-in elements"),
        (model.nplastic, "plastic springs", "use elastic ones"),
    ):
        if count:
            yield f"it has {what} ({instead})"
    if model.opt.density or model.opt.viscosity:
        yield "its bodies move in a fluid (set density and viscosity to 0)"
    if model.opt.disableflags:
        yield "it disables parts of the physics (leave option.disableflags at 0)"


def _joints(model: mujoco.MjModel) -> Iterator[str]:
    for j in range(model.njnt):
        name, kind = model.joint(j).name, int(model.jnt_type[j])
        body, dof = int(model.jnt_bodyid[j]), int(model.jnt_dofadr[j])
        if kind == _BALL:
            yield f"joint {name!r} is a ball (use three hinges)"
        elif kind == _FREE:
            dofs = slice(dof, dof + 6)
            resists = (model.dof_damping, model.dof_armature, model.dof_frictionloss)
            if any(np.any(field[dofs]) for field in resists) or model.jnt_stiffness[j]:
                yield f"free joint {name!r} has damping, armature, friction or a spring (remove it)"
            if np.any(model.body_gravcomp[model.body_rootid == model.body_rootid[body]]):
                yield f"gravity is compensated below free joint {name!r} (set gravcomp to 0)"
        elif kind == _SLIDE and model.dof_armature[dof]:
            alone = int(model.body_jntnum[body]) == 1
            fixed = int(model.body_weldid[model.body_parentid[body]]) == 0
            if not alone:
                yield (
                    f"slide {name!r} has armature and shares its body with other joints"
                    " (give it a body of its own)"
                )
            elif model.ngravcomp == 0 and not fixed:
                yield f"slide {name!r} has armature on a moving body (set its armature to 0)"
        if kind != _FREE and int(model.body_mocapid[model.body_rootid[body]]) >= 0:
            yield f"joint {name!r} hangs on a mocap body (hang it on a fixed one)"


def _geoms(model: mujoco.MjModel) -> Iterator[str]:
    for g in range(model.ngeom):
        if not (model.geom_contype[g] or model.geom_conaffinity[g]):
            continue
        name, kind = model.geom(g).name or f"number {g}", int(model.geom_type[g])
        if kind not in _SHAPES:
            word = mujoco.mjtGeom(kind).name.removeprefix("mjGEOM_").lower()
            yield f"geom {name!r} is of type {word} (use box, sphere, capsule, cylinder or plane)"
        if model.geom_margin[g] or model.geom_gap[g]:
            yield f"geom {name!r} has a margin or a gap (set both to 0)"
        if model.geom_solref[g, 0] <= 0.0:
            yield f"geom {name!r} has a contact spring in solref (use time constant and damping)"
        if model.geom_condim[g] == 1:
            yield f"geom {name!r} has no friction, condim 1 (use condim 3)"


def _tendons(model: mujoco.MjModel) -> Iterator[str]:
    for t in range(model.ntendon):
        name = model.tendon(t).name
        first = int(model.tendon_adr[t])
        if int(model.wrap_type[first]) != int(mujoco.mjtWrap.mjWRAP_JOINT):
            yield f"tendon {name!r} is spatial (use a fixed one)"
        if model.tendon_limited[t] or model.tendon_frictionloss[t] or model.tendon_armature[t]:
            yield f"tendon {name!r} has a limit, friction or armature (leave those out)"


def _actuators(model: mujoco.MjModel) -> Iterator[str]:
    for a in range(model.nactuator):
        name = model.actuator(a).name
        if int(model.actuator_dyntype[a]) not in _DYNAMICS:
            yield f"actuator {name!r} has dynamics of its own (use integrator, filter or none)"
        if int(model.actuator_trntype[a]) not in _TRANSMISSIONS:
            yield f"actuator {name!r} acts on no joint or tendon (give it one)"
        elif int(model.actuator_trntype[a]) != int(mujoco.mjtTrn.mjTRN_TENDON):
            joint = int(model.actuator_trnid[a, 0])
            if int(model.jnt_type[joint]) == _FREE:
                yield f"actuator {name!r} acts on a free joint (use a hinge or a slide)"
        if model.actuator_armature[a] or np.any(model.actuator_damping[a]):
            yield f"actuator {name!r} has armature or damping (give them to its joint)"


def _sensors(model: mujoco.MjModel) -> Iterator[str]:
    for s in range(model.nsensor):
        name = model.sensor(s).name
        if int(model.sensor_type[s]) == CONTACT_SENSOR:
            sides = {int(model.sensor_objtype[s]), int(model.sensor_reftype[s])}
            if int(model.sensor_intprm[s, 0]) != _FOUND_ONLY or int(model.sensor_dim[s]) != 1:
                yield f'contact sensor {name!r} tells more than data="found" num="1"'
            elif not sides <= _TOUCHED:
                yield f"contact sensor {name!r} looks at more than bodies (name body1 and body2)"
        elif int(model.sensor_needstage[s]) > int(mujoco.mjtStage.mjSTAGE_VEL):
            yield f"sensor {name!r} measures forces or accelerations"
