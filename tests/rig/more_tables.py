"""Skeletons of motion-capture suits, MMD, Auto-Rig Pro and plain words, see `rig_tables`."""

from __future__ import annotations

TEAM_FORTRESS = """
bip_pelvis | - | pelvis | pelvis
bip_spine_0 | bip_pelvis | spine1 | spine1
bip_spine_1 | bip_spine_0 | spine1>spine2 0.7 | spine2
bip_spine_2 | bip_spine_1 | spine2 | spine2?
bip_spine_3 | bip_spine_2 | spine3 | spine3
bip_neck | bip_spine_3 | neck | neck
bip_head | bip_neck | head | head
bip_collar_{S} | bip_spine_3 | collar | collar
bip_upperArm_{S} | bip_collar_{S} | shoulder | shoulder
bip_lowerArm_{S} | bip_upperArm_{S} | elbow | elbow
bip_hand_{S} | bip_lowerArm_{S} | wrist | wrist
fingers | bip_hand_{S} | bip_{F}_{N}_{S} | thumb index middle ring pinky | 0 1 2
bip_hip_{S} | bip_pelvis | hip | hip
bip_knee_{S} | bip_hip_{S} | knee | knee
bip_foot_{S} | bip_knee_{S} | ankle | ankle
bip_toe_{S} | bip_foot_{S} | foot | foot
prp_coat_{S} | bip_pelvis | hip+0.04,0.08,0
prp_coat_1_{S} | prp_coat_{S} | hip+0.06,0.1,-0.25
"""

ROKOKO = """
Root | - | floor
Hips | Root | pelvis | pelvis
Spine1 | Hips | spine1 | spine1
Spine2 | Spine1 | spine1>spine2 0.7 | spine2
Spine3 | Spine2 | spine2 | spine2?
Spine4 | Spine3 | spine3 | spine3
Neck | Spine4 | neck | neck
Head | Neck | head | head
{S}Shoulder | Spine4 | collar | collar
{S}Arm | {S}Shoulder | shoulder | shoulder
{S}ForeArm | {S}Arm | elbow | elbow
{S}Hand | {S}ForeArm | wrist | wrist
fingers | {S}Hand | {S}Finger{F}{N} | 1 2 3 4 5 | Metacarpal Proximal Medial Distal
{S}Thigh | Hips | hip | hip
{S}Shin | {S}Thigh | knee | knee
{S}Foot | {S}Shin | ankle | ankle
{S}Toe | {S}Foot | foot | foot
{S}ToeTip | {S}Toe | foot_end
"""

XSENS = """
Pelvis | - | pelvis | pelvis
L5 | Pelvis | spine1 | spine1
L3 | L5 | spine1>spine2 0.6 | spine2
T12 | L3 | spine2 | spine2?
T8 | T12 | spine3 | spine3
Neck | T8 | neck | neck
Head | Neck | head | head
{S}Shoulder | T8 | collar | collar
{S}UpperArm | {S}Shoulder | shoulder | shoulder
{S}ForeArm | {S}UpperArm | elbow | elbow
{S}Hand | {S}ForeArm | wrist | wrist
{S}UpperLeg | Pelvis | hip | hip
{S}LowerLeg | {S}UpperLeg | knee | knee
{S}Foot | {S}LowerLeg | ankle | ankle
{S}Toe | {S}Foot | foot | foot
"""

MMD_JAPANESE = """
全ての親 | - | floor
センター | 全ての親 | pelvis+0,0,-0.3
グルーブ | センター | pelvis+0,0,-0.28
腰 | グルーブ | pelvis
上半身 | 腰 | spine1 | spine1
上半身2 | 上半身 | spine3 | spine3
首 | 上半身2 | neck | neck
頭 | 首 | head | head
両目 | 頭 | head+0,-0.05,0.2
{S}目 | 頭 | head+0.03,-0.08,0.08
前髪1 | 頭 | head+0,-0.09,0.16
{S}髪1 | 頭 | head+0.1,0.03,0.15
{S}髪2 | {S}髪1 | head+0.16,0.05,0
{S}髪3 | {S}髪2 | head+0.18,0.06,-0.2
{S}髪4 | {S}髪3 | head+0.19,0.06,-0.45
{S}髪5 | {S}髪4 | head+0.19,0.06,-0.7
{S}胸 | 上半身2 | spine3+0.06,-0.08,0
{S}肩P | 上半身2 | collar
{S}肩 | {S}肩P | collar | collar
{S}肩C | {S}肩 | shoulder
{S}腕 | {S}肩C | shoulder | shoulder
{S}腕捩 | {S}腕 | shoulder>elbow 0.6
{S}ひじ | {S}腕捩 | elbow | elbow
{S}手捩 | {S}ひじ | elbow>wrist 0.6
{S}手首 | {S}手捩 | wrist | wrist
{S}ダミー | {S}手首 | wrist+0.06,0,-0.02
fingers | {S}手首 | {S}{F}{N} | 親指 | ０ １ ２
fingers | {S}手首 | {S}{F}{N} | - 人指 中指 薬指 小指 | １ ２ ３
下半身 | 腰 | pelvis | pelvis
{S}足 | 下半身 | hip | hip
{S}ひざ | {S}足 | knee | knee
{S}足首 | {S}ひざ | ankle | ankle
{S}つま先 | {S}足首 | foot | foot
{S}足IK親 | 全ての親 | ankle+0,0,-0.09
{S}足ＩＫ | {S}足IK親 | ankle
{S}つま先ＩＫ | {S}足ＩＫ | foot
スカート_前1 | 下半身 | pelvis+0,-0.12,0.02
スカート_前2 | スカート_前1 | pelvis+0,-0.2,-0.15
{S}スカート1 | 下半身 | hip+0.06,0,0.06
{S}スカート2 | {S}スカート1 | hip+0.1,0,-0.1
{S}スカート3 | {S}スカート2 | hip+0.13,0,-0.25
"""

MMD_ENGLISH = """
mother | - | floor
center | mother | pelvis+0,0,-0.3
groove | center | pelvis+0,0,-0.28
waist | groove | pelvis
upper body | waist | spine1 | spine1
upper body 2 | upper body | spine3 | spine3
neck | upper body 2 | neck | neck
head | neck | head | head
eyes | head | head+0,-0.05,0.2
eye_{S} | head | head+0.03,-0.08,0.08
shoulder_{S} | upper body 2 | collar | collar
arm_{S} | shoulder_{S} | shoulder | shoulder
arm twist_{S} | arm_{S} | shoulder>elbow 0.6
elbow_{S} | arm twist_{S} | elbow | elbow
wrist twist_{S} | elbow_{S} | elbow>wrist 0.6
wrist_{S} | wrist twist_{S} | wrist | wrist
fingers | wrist_{S} | {F}{N}_{S} | thumb | 0 1 2
fingers | wrist_{S} | {F}{N}_{S} | - fore middle third little | 1 2 3
lower body | waist | pelvis | pelvis
leg_{S} | lower body | hip | hip
knee_{S} | leg_{S} | knee | knee
ankle_{S} | knee_{S} | ankle | ankle
toe_{S} | ankle_{S} | foot | foot
leg IK_{S} | mother | ankle
toe IK_{S} | leg IK_{S} | foot
"""

AUTO_RIG_EXPORT = """
root.x | - | pelvis | pelvis
spine_01.x | root.x | spine1 | spine1
spine_02.x | spine_01.x | spine2 | spine2
spine_03.x | spine_02.x | spine3 | spine3
neck.x | spine_03.x | neck | neck
head.x | neck.x | head | head
shoulder.{S} | spine_03.x | collar | collar
arm_stretch.{S} | shoulder.{S} | shoulder | shoulder
arm_twist.{S} | shoulder.{S} | shoulder
forearm_stretch.{S} | arm_stretch.{S} | elbow | elbow
forearm_twist.{S} | forearm_stretch.{S} | elbow>wrist 0.5
hand.{S} | forearm_stretch.{S} | wrist | wrist
fingers | hand.{S} | {F}{N}.{S} | thumb index middle ring pinky | 1 2 3
thigh_stretch.{S} | root.x | hip | hip
thigh_twist.{S} | root.x | hip
leg_stretch.{S} | thigh_stretch.{S} | knee | knee
leg_twist.{S} | leg_stretch.{S} | knee>ankle 0.5
foot.{S} | leg_stretch.{S} | ankle | ankle
toes_01.{S} | foot.{S} | foot | foot
"""

AUTO_RIG_CONTROLS = """
c_pos | - | floor
c_traj | c_pos | floor
c_root_master.x | c_traj | pelvis
c_root.x | c_root_master.x | pelvis+0,0,0.005 | pelvis
root_ref.x | c_root.x | pelvis
c_root_bend.x | c_root.x | pelvis
c_spine_01.x | c_root_master.x | spine1 | spine1
c_spine_02.x | c_spine_01.x | spine2 | spine2
c_spine_03.x | c_spine_02.x | spine3 | spine3
c_neck.x | c_spine_03.x | neck | neck
c_head.x | c_neck.x | head | head
c_eye.{S} | c_head.x | head+0.03,-0.08,0.08
c_shoulder.{S} | c_spine_03.x | collar | collar
c_arm_fk.{S} | c_shoulder.{S} | shoulder | shoulder
c_forearm_fk.{S} | c_arm_fk.{S} | elbow | elbow
c_hand_fk.{S} | c_forearm_fk.{S} | wrist | wrist
c_arm_ik.{S} | c_shoulder.{S} | shoulder
c_forearm_ik.{S} | c_arm_ik.{S} | elbow
c_hand_ik.{S} | c_traj | wrist
c_arms_pole.{S} | c_traj | elbow+0,0.4,0
hand.{S} | c_hand_fk.{S} | wrist
fingers | hand.{S} | c_{F}{N}.{S} | thumb index middle ring pinky | 1 2 3
c_thigh_b.{S} | c_root.x | hip
c_thigh_fk.{S} | c_thigh_b.{S} | hip | hip
c_leg_fk.{S} | c_thigh_fk.{S} | knee | knee
c_foot_fk.{S} | c_leg_fk.{S} | ankle | ankle
c_toes_fk.{S} | c_foot_fk.{S} | foot | foot
c_thigh_ik.{S} | c_thigh_b.{S} | hip
c_leg_ik.{S} | c_thigh_ik.{S} | knee
c_foot_ik.{S} | c_traj | ankle
c_foot_roll_cursor.{S} | c_foot_ik.{S} | foot
c_toes_ik.{S} | c_foot_ik.{S} | foot
c_leg_pole.{S} | c_traj | knee+0,-0.5,0
"""

UNITY_WORDS = """
Armature | - | floor
Hips | Armature | pelvis | pelvis
Spine | Hips | spine1 | spine1
Chest | Spine | spine2 | spine2
Upper Chest | Chest | spine3 | spine3
Neck | Upper Chest | neck | neck
Head | Neck | head | head
{S} Eye | Head | head+0.03,-0.08,0.08
{S} shoulder | Upper Chest | collar | collar
{S} arm | {S} shoulder | shoulder | shoulder
{S} elbow | {S} arm | elbow | elbow
{S} wrist | {S} elbow | wrist | wrist
fingers | {S} wrist | {S} {F}{N} | Thumb Index Middle Ring Little | 1 2 3
{S} leg | Hips | hip | hip
{S} knee | {S} leg | knee | knee
{S} ankle | {S} knee | ankle | ankle
{S} toe | {S} ankle | foot | foot
"""

PLAIN_ENGLISH = """
Root | - | floor
Pelvis | Root | pelvis | pelvis
Spine1 | Pelvis | spine1 | spine1
Spine2 | Spine1 | spine2 | spine2
Spine3 | Spine2 | spine3 | spine3
Neck | Spine3 | neck | neck
Head | Neck | head | head
Shoulder_{S} | Spine3 | collar | collar
UpperArm_{S} | Shoulder_{S} | shoulder | shoulder
LowerArm_{S} | UpperArm_{S} | elbow | elbow
Hand_{S} | LowerArm_{S} | wrist | wrist
UpperLeg_{S} | Pelvis | hip | hip
LowerLeg_{S} | UpperLeg_{S} | knee | knee
Foot_{S} | LowerLeg_{S} | ankle | ankle
Toes_{S} | Foot_{S} | foot | foot
"""
