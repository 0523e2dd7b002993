"""Skeletons of artists' tools and of motion capture, see `rig_tables`."""

from __future__ import annotations

CMU = """
Hips | - | pelvis | pelvis
LowerBack | Hips | pelvis+0,0,0.02 | spine1
Spine | LowerBack | spine1 | spine2
Spine1 | Spine | spine3 | spine3
Neck | Spine1 | neck | neck
Neck1 | Neck | neck>head 0.5
Head | Neck1 | head | head
{S}Shoulder | Spine1 | collar | collar
{S}Arm | {S}Shoulder | shoulder | shoulder
{S}ForeArm | {S}Arm | elbow | elbow
{S}Hand | {S}ForeArm | wrist | wrist
{S}FingerBase | {S}Hand | wrist+0.05,0,0
{S}HandIndex1 | {S}FingerBase | wrist+0.07,0,0
{S}HandThumb | {S}Hand | wrist+0.03,-0.03,0
{s}HipJoint | Hips | pelvis
{S}UpLeg | {s}HipJoint | hip | hip
{S}Leg | {S}UpLeg | knee | knee
{S}Foot | {S}Leg | ankle | ankle
{S}ToeBase | {S}Foot | foot | foot
"""

BVH_JOINTS = """
Hips | - | pelvis | pelvis
Chest | Hips | spine1 | spine1
Chest2 | Chest | spine2 | spine2
Chest3 | Chest2 | spine2>spine3 0.5 | spine2?
Chest4 | Chest3 | spine3 | spine3
Neck | Chest4 | neck | neck
Head | Neck | head | head
{S}Collar | Chest4 | collar | collar
{S}Shoulder | {S}Collar | shoulder | shoulder
{S}Elbow | {S}Shoulder | elbow | elbow
{S}Wrist | {S}Elbow | wrist | wrist
{S}Hip | Hips | hip | hip
{S}Knee | {S}Hip | knee | knee
{S}Ankle | {S}Knee | ankle | ankle
{S}Toe | {S}Ankle | foot | foot
"""

BVH_SHORT = """
Hips | - | pelvis | pelvis
Chest | Hips | spine2 | spine3
Neck | Chest | neck | neck
Head | Neck | head | head
{S}Collar | Chest | collar | collar
{S}Shoulder | {S}Collar | shoulder | shoulder
{S}Elbow | {S}Shoulder | elbow | elbow
{S}Wrist | {S}Elbow | wrist | wrist
{S}Hip | Hips | hip | hip
{S}Knee | {S}Hip | knee | knee
{S}Ankle | {S}Knee | ankle | ankle
"""

DAZ_8 = """
hip | - | pelvis+0,0,0.04
pelvis | hip | pelvis | pelvis
{S}ThighBend | pelvis | hip | hip
{S}ThighTwist | {S}ThighBend | hip>knee 0.5
{S}Shin | {S}ThighTwist | knee | knee
{S}Foot | {S}Shin | ankle | ankle
{S}Metatarsals | {S}Foot | ankle>foot 0.35
{S}Toe | {S}Metatarsals | foot | foot
{S}BigToe | {S}Toe | foot+-0.03,-0.03,0
{S}SmallToe1 | {S}Toe | foot+0,-0.03,0
{S}SmallToe4 | {S}Toe | foot+0.04,-0.02,0
{S}Heel | {S}Foot | ankle+0,0.05,-0.05
abdomenLower | hip | spine1 | spine1
abdomenUpper | abdomenLower | spine1>spine2 0.7 | spine2
chestLower | abdomenUpper | spine2 | spine2?
chestUpper | chestLower | spine3 | spine3
{S}Pectoral | chestLower | spine3+0.08,-0.08,0
{S}Collar | chestUpper | collar | collar
{S}ShldrBend | {S}Collar | shoulder | shoulder
{S}ShldrTwist | {S}ShldrBend | shoulder>elbow 0.5
{S}ForearmBend | {S}ShldrTwist | elbow | elbow
{S}ForearmTwist | {S}ForearmBend | elbow>wrist 0.5
{S}Hand | {S}ForearmTwist | wrist | wrist
{S}Carpal1 | {S}Hand | wrist+0.02,-0.02,0
fingers | {S}Hand | {S}{F}{N} | Thumb Index Mid Ring Pinky | 1 2 3
neckLower | chestUpper | neck | neck
neckUpper | neckLower | neck>head 0.5
head | neckUpper | head | head
upperFaceRig | head | head
lowerJaw | head | head+0,-0.02,0.02
{S}Eye | head | head+0.03,-0.08,0.08
{S}Ear | head | head+0.07,0,0.07
"""

DAZ_9 = """
hip | - | pelvis+0,0,0.04
pelvis | hip | pelvis | pelvis
{S}_thigh | pelvis | hip | hip
{S}_thightwist1 | {S}_thigh | hip>knee 0.33
{S}_thightwist2 | {S}_thigh | hip>knee 0.66
{S}_shin | {S}_thigh | knee | knee
{S}_foot | {S}_shin | ankle | ankle
{S}_metatarsals | {S}_foot | ankle>foot 0.4
{S}_toes | {S}_metatarsals | foot | foot
{S}_bigtoe1 | {S}_toes | foot+-0.03,-0.03,0
{S}_midtoe1 | {S}_toes | foot+0.01,-0.03,0
spine1 | hip | spine1 | spine1
spine2 | spine1 | spine1>spine2 0.7 | spine2
spine3 | spine2 | spine2 | spine2?
spine4 | spine3 | spine3 | spine3
{S}_pectoral | spine3 | spine3+0.08,-0.08,0
{S}_shoulder | spine4 | collar | collar
{S}_upperarm | {S}_shoulder | shoulder | shoulder
{S}_upperarmtwist1 | {S}_upperarm | shoulder>elbow 0.33
{S}_upperarmtwist2 | {S}_upperarm | shoulder>elbow 0.66
{S}_forearm | {S}_upperarm | elbow | elbow
{S}_forearmtwist1 | {S}_forearm | elbow>wrist 0.33
{S}_forearmtwist2 | {S}_forearm | elbow>wrist 0.66
{S}_hand | {S}_forearm | wrist | wrist
fingers | {S}_hand | {S}_{F}{N} | thumb index mid ring pinky | 1 2 3
neck1 | spine4 | neck | neck
neck2 | neck1 | neck>head 0.5
head | neck2 | head | head
lowerjaw | head | head+0,-0.02,0.02
{S}_eye | head | head+0.03,-0.08,0.08
"""

POSER = """
hip | - | pelvis | pelvis
{S}Buttock | hip | pelvis>hip 0.4
{S}Thigh | {S}Buttock | hip | hip
{S}Shin | {S}Thigh | knee | knee
{S}Foot | {S}Shin | ankle | ankle
{S}Toe | {S}Foot | foot | foot
abdomen | hip | spine1 | spine1
chest | abdomen | spine3 | spine3
{S}Collar | chest | collar | collar
{S}Shldr | {S}Collar | shoulder | shoulder
{S}ForeArm | {S}Shldr | elbow | elbow
{S}Hand | {S}ForeArm | wrist | wrist
fingers | {S}Hand | {S}{F}{N} | Thumb Index Mid Ring Pinky | 1 2 3
neck | chest | neck | neck
head | neck | head | head
{S}Eye | head | head+0.03,-0.08,0.08
"""

CHARACTER_CREATOR = """
CC_Base_BoneRoot | - | floor
CC_Base_Hip | CC_Base_BoneRoot | pelvis
CC_Base_Pelvis | CC_Base_Hip | pelvis+0,0,0.005 | pelvis
CC_Base_{S}_Thigh | CC_Base_Pelvis | hip | hip
CC_Base_{S}_ThighTwist01 | CC_Base_{S}_Thigh | hip+0,0,-0.01
CC_Base_{S}_ThighTwist02 | CC_Base_{S}_ThighTwist01 | hip>knee 0.5
CC_Base_{S}_Calf | CC_Base_{S}_Thigh | knee | knee
CC_Base_{S}_KneeShareBone | CC_Base_{S}_Calf | knee
CC_Base_{S}_CalfTwist01 | CC_Base_{S}_Calf | knee+0,0,-0.01
CC_Base_{S}_CalfTwist02 | CC_Base_{S}_CalfTwist01 | knee>ankle 0.5
CC_Base_{S}_Foot | CC_Base_{S}_Calf | ankle | ankle
CC_Base_{S}_ToeBaseShareBone | CC_Base_{S}_Foot | foot
CC_Base_{S}_ToeBase | CC_Base_{S}_Foot | foot | foot
CC_Base_{S}_BigToe1 | CC_Base_{S}_ToeBase | foot+-0.03,-0.03,0
CC_Base_{S}_PinkyToe1 | CC_Base_{S}_ToeBase | foot+0.04,-0.02,0
CC_Base_Waist | CC_Base_Hip | spine1 | spine1
CC_Base_Spine01 | CC_Base_Waist | spine2 | spine2
CC_Base_Spine02 | CC_Base_Spine01 | spine3 | spine3
CC_Base_{S}_Breast | CC_Base_Spine02 | spine3+0.08,-0.1,0
CC_Base_{S}_RibsTwist | CC_Base_Spine02 | spine3+0.08,-0.02,0
CC_Base_NeckTwist01 | CC_Base_Spine02 | neck | neck
CC_Base_NeckTwist02 | CC_Base_NeckTwist01 | neck>head 0.5
CC_Base_Head | CC_Base_NeckTwist02 | head | head
CC_Base_FacialBone | CC_Base_Head | head
CC_Base_JawRoot | CC_Base_FacialBone | head+0,-0.02,0.02
CC_Base_{S}_Eye | CC_Base_FacialBone | head+0.03,-0.08,0.08
CC_Base_{S}_Clavicle | CC_Base_Spine02 | collar | collar
CC_Base_{S}_Upperarm | CC_Base_{S}_Clavicle | shoulder | shoulder
CC_Base_{S}_UpperarmTwist01 | CC_Base_{S}_Upperarm | shoulder>elbow 0.05
CC_Base_{S}_UpperarmTwist02 | CC_Base_{S}_UpperarmTwist01 | shoulder>elbow 0.5
CC_Base_{S}_Forearm | CC_Base_{S}_Upperarm | elbow | elbow
CC_Base_{S}_ElbowShareBone | CC_Base_{S}_Forearm | elbow
CC_Base_{S}_ForearmTwist01 | CC_Base_{S}_Forearm | elbow>wrist 0.05
CC_Base_{S}_ForearmTwist02 | CC_Base_{S}_ForearmTwist01 | elbow>wrist 0.5
CC_Base_{S}_Hand | CC_Base_{S}_Forearm | wrist | wrist
fingers | CC_Base_{S}_Hand | CC_Base_{S}_{F}{N} | Thumb Index Mid Ring Pinky | 1 2 3
"""

BIPED = """
Bip01 | - | pelvis
Bip01 Pelvis | Bip01 | pelvis | pelvis
Bip01 Spine | Bip01 Pelvis | spine1 | spine1
Bip01 Spine1 | Bip01 Spine | spine2 | spine2
Bip01 Spine2 | Bip01 Spine1 | spine3 | spine3
Bip01 Neck | Bip01 Spine2 | neck | neck
Bip01 Head | Bip01 Neck | head | head
Bip01 HeadNub | Bip01 Head | head_end
Bip01 {S} Clavicle | Bip01 Neck | collar | collar
Bip01 {S} UpperArm | Bip01 {S} Clavicle | shoulder | shoulder
Bip01 {S} Forearm | Bip01 {S} UpperArm | elbow | elbow
Bip01 {S} ForeTwist | Bip01 {S} Forearm | elbow>wrist 0.5
Bip01 {S} Hand | Bip01 {S} Forearm | wrist | wrist
fingers | Bip01 {S} Hand | Bip01 {S} Finger{F}{N} | 0 1 2 3 4 | ~ 1 2
Bip01 {S} Thigh | Bip01 Pelvis | hip | hip
Bip01 {S} Calf | Bip01 {S} Thigh | knee | knee
Bip01 {S} Foot | Bip01 {S} Calf | ankle | ankle
Bip01 {S} Toe0 | Bip01 {S} Foot | foot | foot
Bip01 {S} Toe0Nub | Bip01 {S} Toe0 | foot_end
"""

BIPED_TRIANGLE = """
Bip001 | - | pelvis
Bip001 Pelvis | Bip001 | pelvis
Bip001 Spine | Bip001 Pelvis | pelvis+0,0,0.01 | pelvis
Bip001 Spine1 | Bip001 Spine | spine1 | spine1
Bip001 Spine2 | Bip001 Spine1 | spine3 | spine3
Bip001 Neck | Bip001 Spine2 | neck | neck
Bip001 Head | Bip001 Neck | head | head
Bip001 {S} Clavicle | Bip001 Neck | collar | collar
Bip001 {S} UpperArm | Bip001 {S} Clavicle | shoulder | shoulder
Bip001 {S} Forearm | Bip001 {S} UpperArm | elbow | elbow
Bip001 {S} Hand | Bip001 {S} Forearm | wrist | wrist
Bip001 {S} Finger0 | Bip001 {S} Hand | wrist+0.03,-0.03,0
Bip001 {S} Finger1 | Bip001 {S} Hand | wrist+0.07,0,0
Bip001 {S} Finger11 | Bip001 {S} Finger1 | wrist+0.1,0,0
Bip001 {S} Thigh | Bip001 Spine | hip | hip
Bip001 {S} Calf | Bip001 {S} Thigh | knee | knee
Bip001 {S} Foot | Bip001 {S} Calf | ankle | ankle
Bip001 {S} Toe0 | Bip001 {S} Foot | foot | foot
"""

SOURCE = """
ValveBiped.Bip01_Pelvis | - | pelvis | pelvis
ValveBiped.Bip01_Spine | ValveBiped.Bip01_Pelvis | spine1 | spine1
ValveBiped.Bip01_Spine1 | ValveBiped.Bip01_Spine | spine1>spine2 0.7 | spine2
ValveBiped.Bip01_Spine2 | ValveBiped.Bip01_Spine1 | spine2 | spine2?
ValveBiped.Bip01_Spine4 | ValveBiped.Bip01_Spine2 | spine3 | spine3
ValveBiped.Bip01_Neck1 | ValveBiped.Bip01_Spine4 | neck | neck
ValveBiped.Bip01_Head1 | ValveBiped.Bip01_Neck1 | head | head
ValveBiped.forward | ValveBiped.Bip01_Head1 | head+0,-0.1,0.1
ValveBiped.Bip01_{S}_Clavicle | ValveBiped.Bip01_Spine4 | collar | collar
ValveBiped.Bip01_{S}_UpperArm | ValveBiped.Bip01_{S}_Clavicle | shoulder | shoulder
ValveBiped.Bip01_{S}_Forearm | ValveBiped.Bip01_{S}_UpperArm | elbow | elbow
ValveBiped.Bip01_{S}_Hand | ValveBiped.Bip01_{S}_Forearm | wrist | wrist
fingers | ValveBiped.Bip01_{S}_Hand | ValveBiped.Bip01_{S}_Finger{F}{N} | 0 1 2 3 4 | ~ 1 2
ValveBiped.Anim_Attachment_RH | ValveBiped.Bip01_R_Hand | right_wrist
ValveBiped.Bip01_{S}_Thigh | ValveBiped.Bip01_Pelvis | hip | hip
ValveBiped.Bip01_{S}_Calf | ValveBiped.Bip01_{S}_Thigh | knee | knee
ValveBiped.Bip01_{S}_Foot | ValveBiped.Bip01_{S}_Calf | ankle | ankle
ValveBiped.Bip01_{S}_Toe0 | ValveBiped.Bip01_{S}_Foot | foot | foot
"""
