"""Skeletons of characters for games and film, see `rig_tables`."""

from __future__ import annotations

HUMAN_IK = """
Hips | - | pelvis | pelvis
Spine | Hips | spine1 | spine1
Spine1 | Spine | spine2 | spine2
Spine2 | Spine1 | spine3 | spine3
Neck | Spine2 | neck | neck
Head | Neck | head | head
HeadTop_End | Head | head_end
{S}Shoulder | Spine2 | collar | collar
{S}Arm | {S}Shoulder | shoulder | shoulder
{S}ForeArm | {S}Arm | elbow | elbow
{S}Hand | {S}ForeArm | wrist | wrist
fingers | {S}Hand | {S}Hand{F}{N} | Thumb Index Middle Ring Pinky | 1 2 3 4
{S}UpLeg | Hips | hip | hip
{S}Leg | {S}UpLeg | knee | knee
{S}Foot | {S}Leg | ankle | ankle
{S}ToeBase | {S}Foot | foot | foot
{S}Toe_End | {S}ToeBase | foot_end
"""

EYES = """
{S}Eye | Head | head+0.03,-0.09,0.06
"""

METARIG = """
spine | - | pelvis | pelvis
spine.001 | spine | spine1 | spine1
spine.002 | spine.001 | spine2 | spine2
spine.003 | spine.002 | spine3 | spine3
spine.004 | spine.003 | neck | neck
spine.005 | spine.004 | neck>head 0.5 | head?
spine.006 | spine.005 | head | head
shoulder.{S} | spine.003 | collar | collar
upper_arm.{S} | shoulder.{S} | shoulder | shoulder
forearm.{S} | upper_arm.{S} | elbow | elbow
hand.{S} | forearm.{S} | wrist | wrist
breast.{S} | spine.003 | spine3+0.11,0.05,0.03
pelvis.{S} | spine | pelvis
thigh.{S} | spine | hip | hip
shin.{S} | thigh.{S} | knee | knee
foot.{S} | shin.{S} | ankle | ankle
toe.{S} | foot.{S} | foot | foot
heel.02.{S} | foot.{S} | ankle+-0.03,0.05,-0.08
"""

METARIG_HUMAN = (
    METARIG
    + """
palm.01.{S} | hand.{S} | hand 0.02 -0.02
fingers | palm.01.{S} | {F}.{N}.{S} | thumb f_index | 01 02 03
palm.02.{S} | hand.{S} | hand 0.02 -0.01
fingers | palm.02.{S} | {F}.{N}.{S} | - f_middle | 01 02 03
palm.03.{S} | hand.{S} | hand 0.02 0.01
fingers | palm.03.{S} | {F}.{N}.{S} | - - f_ring | 01 02 03
palm.04.{S} | hand.{S} | hand 0.02 0.02
fingers | palm.04.{S} | {F}.{N}.{S} | - - - f_pinky | 01 02 03
face | spine.006 | head
nose | face | head+0,-0.1,0.08
jaw | face | head+0,-0.04,0.02
ear.{S} | face | head+0.07,0,0.07
eye.{S} | face | head+0.03,-0.09,0.08
forehead.{S} | face | head+0.02,-0.1,0.13
"""
)

UNREAL_4 = """
root | - | floor
pelvis | root | pelvis | pelvis
spine_01 | pelvis | spine1 | spine1
spine_02 | spine_01 | spine2 | spine2
spine_03 | spine_02 | spine3 | spine3
neck_01 | spine_03 | neck | neck
head | neck_01 | head | head
clavicle_{S} | spine_03 | collar | collar
upperarm_{S} | clavicle_{S} | shoulder | shoulder
upperarm_twist_01_{S} | upperarm_{S} | shoulder>elbow 0.5
lowerarm_{S} | upperarm_{S} | elbow | elbow
lowerarm_twist_01_{S} | lowerarm_{S} | elbow>wrist 0.6
hand_{S} | lowerarm_{S} | wrist | wrist
fingers | hand_{S} | {F}_{N}_{S} | thumb index middle ring pinky | 01 02 03
thigh_{S} | pelvis | hip | hip
thigh_twist_01_{S} | thigh_{S} | hip>knee 0.5
calf_{S} | thigh_{S} | knee | knee
calf_twist_01_{S} | calf_{S} | knee>ankle 0.5
foot_{S} | calf_{S} | ankle | ankle
ball_{S} | foot_{S} | foot | foot
ik_foot_root | root | floor
ik_foot_{S} | ik_foot_root | ankle
ik_hand_root | root | floor
ik_hand_gun | ik_hand_root | right_wrist
ik_hand_{S} | ik_hand_gun | wrist
"""

UNREAL_5 = """
root | - | floor
pelvis | root | pelvis | pelvis
spine_01 | pelvis | spine1 | spine1
spine_02 | spine_01 | spine1>spine2 0.7 | spine2
spine_03 | spine_02 | spine2 | spine2?
spine_04 | spine_03 | spine2>spine3 0.5 | spine2?
spine_05 | spine_04 | spine3 | spine3
neck_01 | spine_05 | neck | neck
neck_02 | neck_01 | neck>head 0.5
head | neck_02 | head | head
clavicle_{S} | spine_05 | collar | collar
clavicle_pec_{S} | spine_05 | spine3+0.1,-0.08,0.05
clavicle_out_{S} | clavicle_{S} | collar>shoulder 0.6
clavicle_scap_{S} | clavicle_{S} | shoulder+-0.06,0.08,-0.03
upperarm_{S} | clavicle_{S} | shoulder | shoulder
upperarm_correctiveRoot_{S} | upperarm_{S} | shoulder
upperarm_bck_{S} | upperarm_correctiveRoot_{S} | shoulder+0,0.05,0
upperarm_fwd_{S} | upperarm_correctiveRoot_{S} | shoulder+0,-0.05,0
upperarm_in_{S} | upperarm_correctiveRoot_{S} | shoulder+0,0,-0.05
upperarm_out_{S} | upperarm_correctiveRoot_{S} | shoulder+0,0,0.05
upperarm_twist_01_{S} | upperarm_{S} | shoulder>elbow 0.33
upperarm_twist_02_{S} | upperarm_{S} | shoulder>elbow 0.66
lowerarm_{S} | upperarm_{S} | elbow | elbow
lowerarm_correctiveRoot_{S} | lowerarm_{S} | elbow
lowerarm_in_{S} | lowerarm_correctiveRoot_{S} | elbow+0,-0.04,0
lowerarm_out_{S} | lowerarm_correctiveRoot_{S} | elbow+0,0.04,0
lowerarm_twist_01_{S} | lowerarm_{S} | elbow>wrist 0.66
lowerarm_twist_02_{S} | lowerarm_{S} | elbow>wrist 0.33
hand_{S} | lowerarm_{S} | wrist | wrist
index_metacarpal_{S} | hand_{S} | wrist+0.03,-0.02,0
middle_metacarpal_{S} | hand_{S} | wrist+0.03,0,0
fingers | hand_{S} | {F}_{N}_{S} | thumb index middle ring pinky | 01 02 03
thigh_{S} | pelvis | hip | hip
thigh_correctiveRoot_{S} | thigh_{S} | hip
thigh_bck_{S} | thigh_correctiveRoot_{S} | hip+0,0.08,-0.02
thigh_fwd_{S} | thigh_correctiveRoot_{S} | hip+0,-0.08,-0.02
thigh_twist_01_{S} | thigh_{S} | hip>knee 0.33
thigh_twist_02_{S} | thigh_{S} | hip>knee 0.66
calf_{S} | thigh_{S} | knee | knee
calf_knee_{S} | calf_{S} | knee+0,-0.05,0
calf_twist_01_{S} | calf_{S} | knee>ankle 0.66
calf_twist_02_{S} | calf_{S} | knee>ankle 0.33
foot_{S} | calf_{S} | ankle | ankle
ankle_bck_{S} | foot_{S} | ankle+0,0.05,0
ball_{S} | foot_{S} | foot | foot
bigtoe_01_{S} | ball_{S} | foot+-0.02,-0.04,0
littletoe_01_{S} | ball_{S} | foot+0.04,-0.03,0
ik_foot_root | root | floor
ik_foot_{S} | ik_foot_root | ankle
ik_hand_root | root | floor
ik_hand_gun | ik_hand_root | right_wrist
ik_hand_{S} | ik_hand_gun | wrist
interaction | root | floor
center_of_mass | root | pelvis
"""

GAME_ENGINE = """
Root | - | floor
pelvis | Root | pelvis | pelvis
spine_01 | pelvis | spine1 | spine1
spine_02 | spine_01 | spine2 | spine2
spine_03 | spine_02 | spine3 | spine3
neck_01 | spine_03 | neck | neck
head | neck_01 | head | head
clavicle_{S} | spine_03 | collar | collar
upperarm_{S} | clavicle_{S} | shoulder | shoulder
lowerarm_{S} | upperarm_{S} | elbow | elbow
hand_{S} | lowerarm_{S} | wrist | wrist
fingers | hand_{S} | {F}_{N}_{S} | thumb index middle ring pinky | 01 02 03
thigh_{S} | pelvis | hip | hip
calf_{S} | thigh_{S} | knee | knee
foot_{S} | calf_{S} | ankle | ankle
ball_{S} | foot_{S} | foot | foot
"""

VROID = """
Root | - | floor
J_Bip_C_Hips | Root | pelvis | pelvis
J_Bip_C_Spine | J_Bip_C_Hips | spine1 | spine1
J_Bip_C_Chest | J_Bip_C_Spine | spine2 | spine2
J_Bip_C_UpperChest | J_Bip_C_Chest | spine3 | spine3
J_Sec_{S}_Bust1 | J_Bip_C_UpperChest | spine3+0.06,-0.07,0.02
J_Sec_{S}_Bust2 | J_Sec_{S}_Bust1 | spine3+0.07,-0.11,0.01
J_Bip_C_Neck | J_Bip_C_UpperChest | neck | neck
J_Bip_C_Head | J_Bip_C_Neck | head | head
J_Adj_{S}_FaceEye | J_Bip_C_Head | head+0.03,-0.08,0.08
J_Sec_Hair1_01 | J_Bip_C_Head | head+0,0.1,0.15
J_Sec_Hair2_01 | J_Sec_Hair1_01 | head+0,0.13,0.02
J_Sec_Hair3_01 | J_Sec_Hair2_01 | head+0,0.14,-0.12
J_Sec_Hair4_01 | J_Sec_Hair3_01 | head+0,0.14,-0.25
J_Bip_{S}_Shoulder | J_Bip_C_UpperChest | collar | collar
J_Bip_{S}_UpperArm | J_Bip_{S}_Shoulder | shoulder | shoulder
J_Bip_{S}_LowerArm | J_Bip_{S}_UpperArm | elbow | elbow
J_Bip_{S}_Hand | J_Bip_{S}_LowerArm | wrist | wrist
fingers | J_Bip_{S}_Hand | J_Bip_{S}_{F}{N} | Thumb Index Middle Ring Little | 1 2 3
J_Bip_{S}_UpperLeg | J_Bip_C_Hips | hip | hip
J_Bip_{S}_LowerLeg | J_Bip_{S}_UpperLeg | knee | knee
J_Bip_{S}_Foot | J_Bip_{S}_LowerLeg | ankle | ankle
J_Bip_{S}_ToeBase | J_Bip_{S}_Foot | foot | foot
J_Sec_{S}_CoatSkirtBack1_01 | J_Bip_C_Hips | hip+0.02,0.09,-0.03
J_Sec_{S}_CoatSkirtBack2_01 | J_Sec_{S}_CoatSkirtBack1_01 | hip+0.03,0.12,-0.2
J_Sec_{S}_CoatSkirtBack3_01 | J_Sec_{S}_CoatSkirtBack2_01 | hip+0.04,0.14,-0.38
"""

MPFB_DEFAULT = """
root | - | pelvis | pelvis
spine05 | root | spine1 | spine1
spine04 | spine05 | spine1>spine2 0.6 | spine2?
spine03 | spine04 | spine2 | spine2
spine02 | spine03 | spine2>spine3 0.6 | spine2?
spine01 | spine02 | spine3 | spine3
neck01 | spine01 | neck | neck
neck02 | neck01 | neck>head 0.4
neck03 | neck02 | neck>head 0.7
head | neck03 | head | head
jaw | head | head+0,-0.04,0.02
special04 | jaw | head+0,-0.08,0.01
eye.{S} | head | head+0.03,-0.08,0.08
levator02.{S} | head | head+0.03,-0.1,0.05
breast.{S} | spine02 | spine3+0.09,-0.1,-0.02
clavicle.{S} | spine01 | collar | collar
shoulder01.{S} | clavicle.{S} | collar>shoulder 0.75
upperarm01.{S} | shoulder01.{S} | shoulder | shoulder
upperarm02.{S} | upperarm01.{S} | shoulder>elbow 0.5
lowerarm01.{S} | upperarm02.{S} | elbow | elbow
lowerarm02.{S} | lowerarm01.{S} | elbow>wrist 0.5
wrist.{S} | lowerarm02.{S} | wrist | wrist
metacarpal1.{S} | wrist.{S} | wrist+0.03,-0.02,0
fingers | wrist.{S} | finger{F}-{N}.{S} | 1 2 3 4 5 | 1 2 3
pelvis.{S} | root | pelvis>hip 0.3
upperleg01.{S} | pelvis.{S} | hip | hip
upperleg02.{S} | upperleg01.{S} | hip>knee 0.5
lowerleg01.{S} | upperleg02.{S} | knee | knee
lowerleg02.{S} | lowerleg01.{S} | knee>ankle 0.5
foot.{S} | lowerleg02.{S} | ankle | ankle
toe1-1.{S} | foot.{S} | foot+-0.03,0,0 | foot
toe1-2.{S} | toe1-1.{S} | foot+-0.03,-0.04,0
toe2-1.{S} | foot.{S} | foot+-0.01,0,0
toe2-2.{S} | toe2-1.{S} | foot+-0.01,-0.03,0
toe3-1.{S} | foot.{S} | foot+0.01,0,0
toe3-2.{S} | toe3-1.{S} | foot+0.01,-0.03,0
toe5-1.{S} | foot.{S} | foot+0.04,0.02,0
toe5-2.{S} | toe5-1.{S} | foot+0.04,-0.01,0
"""

SMPL_H = """
Pelvis | - | pelvis | pelvis
Spine1 | Pelvis | spine1 | spine1
Spine2 | Spine1 | spine2 | spine2
Spine3 | Spine2 | spine3 | spine3
Neck | Spine3 | neck | neck
Head | Neck | head | head
{S}_Collar | Spine3 | collar | collar
{S}_Shoulder | {S}_Collar | shoulder | shoulder
{S}_Elbow | {S}_Shoulder | elbow | elbow
{S}_Wrist | {S}_Elbow | wrist | wrist
{S}_Hand | {S}_Wrist | wrist_end
{S}_Hip | Pelvis | hip | hip
{S}_Knee | {S}_Hip | knee | knee
{S}_Ankle | {S}_Knee | ankle | ankle
{S}_Foot | {S}_Ankle | foot | foot
"""

SMPL_X = """
root | - | floor
pelvis | root | pelvis | pelvis
spine1 | pelvis | spine1 | spine1
spine2 | spine1 | spine2 | spine2
spine3 | spine2 | spine3 | spine3
neck | spine3 | neck | neck
head | neck | head | head
jaw | head | head+0,-0.02,0.02
{S}_eye_smplhf | head | head+0.03,-0.08,0.08
{S}_collar | spine3 | collar | collar
{S}_shoulder | {S}_collar | shoulder | shoulder
{S}_elbow | {S}_shoulder | elbow | elbow
{S}_wrist | {S}_elbow | wrist | wrist
fingers | {S}_wrist | {S}_{F}{N} | thumb index middle ring pinky | 1 2 3
{S}_hip | pelvis | hip | hip
{S}_knee | {S}_hip | knee | knee
{S}_ankle | {S}_knee | ankle | ankle
{S}_foot | {S}_ankle | foot | foot
"""
