"""Letters: which script one belongs to, and the fold under which look-alikes are one.

All comparison of marks rests on the fold: a text and its fold look the same from a few metres away.
It is case-blind and drops accents. It maps Cyrillic and Greek capitals to the Latin ones, or
digits, that look alike. It maps traditional Han characters, as met in marks, to simplified ones.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

LetterScript = Literal["latin", "han", "cyrillic", "greek", "other"]

# Cyrillic capitals drawn like a Latin capital or a digit; lower case is raised first.
# З is drawn as 3 and О as O. Letters with no twin (Ш, Я, Ж ...) stay Cyrillic.
_CYRILLIC = dict(zip("АВЕКМНОРСТУХЗІЈЅԚԜҮЄӀ", "ABEKMHOPCTYX3IJSQWYEI", strict=True))
# Greek ones: to Latin where drawn alike, else to the Cyrillic letter that looks the same.
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧΓΛΠΦ", "ABEZHIKMNOPTYXГЛПФ", strict=True))
# Traditional or Japanese forms -> simplified, for the characters met in marks, firms' names and
# shop-floor words. Pairs as in Unicode's Unihan kSimplifiedVariant, with Japanese 沢 瀬 鉄 added.
_HAN_PAIRS = (
    "機机廠厂數数龍龙東东臺台麗丽偉伟協协鴻鸿進进亞亚鋒锋遠远馳驰慶庆徠徕榮荣澤泽瀧泷滝泷沢泽車车業业國国際际華华興兴電电氣气動动達达實实寶宝強强廣广開开關关長长門门號号發发創创紀纪"
    "漢汉濟济瀋沈陽阳雲云無无錫锡險险術术聯联營营備备設设製制銑铣鑽钻鏜镗鋸锯鋼钢鐵铁鉄铁鑄铸鍛锻銘铭銳锐錦锦鎮镇鏡镜閥阀衛卫濱滨灣湾產产團团會会學学員员圓圆園园區区報报場场塊块壓压"
    "圖图夠够寧宁專专導导層层嶺岭帶带師师幣币應应態态戰战斷断時时書书極极構构槍枪樂乐標标樞枢檢检歐欧歲岁殼壳決决沖冲測测準准溫温滅灭滬沪瀏浏濃浓灑洒煉炼熱热燈灯爾尔牆墙狀状獨独環环"
    "現现畫画當当盤盘監监確确碼码禮礼種种積积穩稳窯窑競竞筆笔範范築筑簡简糧粮紅红級级細细終终組组結结給给統统經经綠绿維维網网緊紧線线編编練练縣县總总織织繼继續续羅罗義义習习聲声職职"
    "腦脑膠胶臨临與与舊旧藝艺蘇苏蘭兰處处裝装複复見见規规視视覺觉觀观計计訊讯記记訓训許许試试詢询話话語语誠诚說说課课調调談谈請请論论諾诺謝谢證证識识護护讀读變变讓让豐丰貝贝負负財财"
    "責责貨货質质貴贵買买貿贸費费資资賽赛贊赞趙赵躍跃軌轨軍军軸轴載载輕轻輝辉輪轮輸输轉转辦办農农週周運运過过適适選选還还邊边郵邮鄭郑醫医釀酿釋释針针鉆钻鋁铝錄录鍵键鐘钟間间閉闭問问"
    "陳陈陸陆隊队階阶隨随雙双雜杂離离難难霧雾靈灵靜静頂顶項项順顺須须預预領领頭头題题類类顯显風风飛飞養养館馆馬马駛驶驗验驅驱鬥斗魯鲁鮮鲜鳥鸟鷹鹰麥麦點点齊齐齒齿兩两內内凱凯劃划劉刘"
    "勞劳勝胜務务匯汇單单衝冲岡冈"
)
_HAN = dict(zip(_HAN_PAIRS[::2], _HAN_PAIRS[1::2], strict=True))
_ALIKE = str.maketrans({**_CYRILLIC, **_GREEK, **_HAN})
_SIGNS = dict.fromkeys(map(ord, "™®©℠"))
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘ʼ`´′"))
_BY_NAME: dict[str, LetterScript] = {"LATIN": "latin", "CYRILLIC": "cyrillic", "GREEK": "greek"}
WORD = re.compile(r"[^\W_]+|&")


@lru_cache(maxsize=4096)
def script_of(letter: str) -> LetterScript:
    """The script of one character, by its Unicode name; digits and signs are "other"."""
    name = unicodedata.name(letter, "") if letter.isalpha() else ""
    if name.startswith("CJK "):
        return "han"
    return _BY_NAME.get(name.partition(" ")[0], "other")


def scripts(text: str) -> set[LetterScript]:
    """The scripts of the letters of a text."""
    return {script_of(letter) for letter in text if letter.isalpha()}


def _alike(text: str) -> str:
    """One round of the fold."""
    plain = unicodedata.normalize("NFKD", text).upper()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return unicodedata.normalize("NFKC", plain).translate(_ALIKE)


@lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """The text with look-alike letters made one, still with its spaces and signs.

    Trade-mark signs and apostrophes vanish (HAN'S is HANS). Applying it twice changes nothing.

    >>> fold("Ёмкость 沈陽機床™")
    'EMKOCTЬ 沈阳机床'
    """
    text = text.translate(_SIGNS).translate(_APOSTROPHES)
    if text.isascii():
        return text.upper()
    # Upper-casing may yield letters that decompose further; a few rounds reach the fixed point.
    for _ in range(4):
        folded = _alike(text).translate(_APOSTROPHES)
        if folded == text:
            break
        text = folded
    return text


def words(text: str) -> list[str]:
    """The folded words of a text: runs of letters and digits; "&" counts as a letter.

    Han is written without spaces, so a change between Han and another script parts words too.

    >>> words("Giddings & Lewis VF-2 云南CY")
    ['GIDDINGS', '&', 'LEWIS', 'VF', '2', '云南', 'CY']
    """
    found: list[str] = []
    for run in WORD.findall(fold(text)):
        if run.isascii():
            found.append(run)
            continue
        start = 0
        for i in range(1, len(run)):
            if (script_of(run[i]) == "han") != (script_of(run[i - 1]) == "han"):
                found.append(run[start:i])
                start = i
        found.append(run[start:])
    return found


def cyrillic_words(text: str) -> list[bool]:
    """For each of the `words` of a text: is it part of a token with Cyrillic letters?

    >>> cyrillic_words("СТАНКИ HAAS VF-2")
    [True, False, False, False]
    """
    return ["cyrillic" in scripts(token) for token in text.split() for _ in words(token)]


@lru_cache(maxsize=16384)
def letters(text: str) -> str:
    """The fold without spaces, signs and punctuation: what two spellings of a mark share.

    >>> letters("Nakamura-Tome") == letters("NAKAMURA TOME")
    True
    """
    return "".join(words(text))


_LATIN = dict(
    re.findall(
        r"(.)=(\w*)",
        "а=a б=b в=v г=g д=d е=e ё=e ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f "
        "х=kh ц=ts ч=ch ш=sh щ=shch ъ= ы=y ь= э=e ю=yu я=ya і=i ї=yi є=ye ґ=g",
    )
)


def to_latin(text: str) -> str:
    """Cyrillic letters in Latin ones, about as passports write them; others stay.

    >>> to_latin("Красный борец"), to_latin("КЭМЗ")
    ('Krasnyy borets', 'KEMZ')
    """
    latin = "".join(_LATIN.get(letter.lower(), letter) for letter in text)
    if text.isupper():
        return latin.upper()
    return latin[:1].upper() + latin[1:] if text[:1].isupper() else latin


def short_name(name: str) -> str:
    """A firm's name for display: in Latin letters, without what stands in brackets.

    >>> short_name("HISION (Haitian Precision / 海天精工)"), short_name("北京精雕 / JINGDIAO")
    ('HISION', 'JINGDIAO')
    >>> short_name("Красный борец (Орша)")
    'Krasnyy borets'
    """
    parts = name.split(" (")[0].split(" / ")
    latin = (part for part in parts if re.match("[A-Za-z]", part))
    return next(latin, " ".join(map(to_latin, parts[0].split())))
