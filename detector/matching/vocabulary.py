"""Words that may stand beside a builder's mark without changing whose it is.

They tell a joined reading (HAASAUTOMATION, MAZAKCNC, 秦川机床集团) from a longer word that
merely begins alike (HAASTERT): what is left of the mark must be made of these, or of the
builder's own marks and series.
"""

from __future__ import annotations

from datasets.letters import letters

_LATIN = """
AUTOMATION CNC MACHINE MACHINES MACHINERY MACHINING MASCHINEN MASCHINENBAU MASCHINENFABRIK
WERKZEUGMASCHINEN TOOL TOOLS WORKS WERK WERKE FABRIK CENTER CENTRE CENTERS TURNING MILLING
GRINDING GRINDER LASER LASERS PRECISION CUTTING SEIKI KOKI KOGYO CORPORATION CORP COMPANY CO
LTD LIMITED INC INCORPORATED GMBH AG KG SPA SRL SA SAS AS BV AB OY KK JAPAN GERMANY KOREA
TAIWAN CHINA ITALY SWISS SWITZERLAND USA INDIA EUROPE GROUP GRUPPE TECHNOLOGY TECHNOLOGIES
TECH SOLUTIONS SYSTEMS SYSTEM INDUSTRIES INDUSTRIE INDUSTRIAL INTERNATIONAL GLOBAL ENGINEERING
MANUFACTURING MFG LATHE LATHES TURN MILL SERIES MODEL SERVICE CONTROL WWW COM DE RU JP CN
СТАНКИ СТАНОК СТАНКОСТРОЕНИЕ ЗАВОД ООО ОАО ЗАО АО ГРУППА РУС РОССИЯ
"""
LATIN_WORDS: frozenset[str] = frozenset(letters(word) for word in _LATIN.split())

_HAN = """
机床 机床厂 数控 数控机床 集团 股份 有限 公司 有限公司 责任 精机 精密 机械 激光 重工 智能 装备
科技 工业 制造 设备 自动化 中国 日本 德国 台湾 韩国 厂 株式会社 制作所 工机 电机 加工中心 车床
铣床 磨床 技术 国际
"""
HAN_WORDS: frozenset[str] = frozenset(_HAN.split())


_SIGNS = """
DANGER WARNING CAUTION NOTICE ATTENTION ACHTUNG EMERGENCY STOP START RESET POWER READY ALARM AUTO
AUTOMATIC MANUAL HANDLE HOME CYCLE FEED SPINDLE COOLANT RAPID DOOR OPEN CLOSE CLOSED LOCK UNLOCK
HYDRAULIC PRESSURE AIR OIL LUBE VOLTAGE HIGH KEEP CLEAR HANDS AWAY SAFETY FIRST EXIT QUALITY
STATION PARTNER PROGRAM MEMORY EDIT JOG SINGLE BLOCK OPTIONAL OVERRIDE TOOLING CHUCK TAILSTOCK
ВНИМАНИЕ ОПАСНО СТОП ПУСК ВЫХОД АВАРИЯ МАСЛО ВОЗДУХ СТАНКА СТАНКОВ СТАНКОМ СТАНКАМИ СТАНКАХ
ОСТОРОЖНО ВЫСОКОЕ НАПРЯЖЕНИЕ НЕ ВКЛЮЧАТЬ ОТКРЫВАТЬ ЗАЗЕМЛЕНО ЗАЗЕМЛЕНИЕ РАБОТАЮТ ЛЮДИ РАБОТАТЬ
В ОЧКАХ ОБЕРЕЖНО УВАГА НЕБЕЗПЕЧНО
"""
SIGNS: frozenset[str] = frozenset(letters(word) for word in _SIGNS.split())
"""Words of panels, labels and captions: read whole they are themselves, not a misread mark."""


def made_of(text: str, known: frozenset[str]) -> bool:
    """Whether the text is a row of known words, with nothing left over.

    Example:
        >>> made_of("CNCMACHINES", LATIN_WORDS)
        True
    """
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(text[start:end] in known for start in reached):
            reached.add(end)
    return len(text) in reached
