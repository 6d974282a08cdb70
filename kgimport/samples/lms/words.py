"""The words of the sample, many of them chosen because they break careless file formats.

There are titles in twelve languages, and the values of the other text columns.
"""

# Letters of other alphabets are meant to be here.
# ruff: noqa: RUF001

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kgimport.samples.columns import picked

if TYPE_CHECKING:
    from kgimport.samples.draws import Draws, Ints

# fmt: off
# A value that is written twice is drawn twice as often.
ROLES: Final = pa.array(["learner"] * 15 + ["manager"] * 3 + ["author", "admin"])
DEPARTMENTS: Final = pa.array([
    "Sales", "Sales", "Sales", "Care & Support", "Care & Support", "IT", "R&D", "Försäljning",
    "Büro, Recht; Steuern", "人事部",
])
TONGUES: Final = pa.array([
    "sv", "en-GB", "fi", "nb", "en-US", "de", "fr", "pl", "uk", "es-419",
    "el", "ar", "he", "hi", "zh-Hant", "zh-Hans", "ja", "ko", "pt-BR", "sr-Latn-RS",
])
SKILLS: Final = pa.array([
    "Python", "SQL", "C++", "C#", "Excel", "First aid", "Ledarskap, grund", "Q&A; feedback",
    "Gesprächsführung", "Négociation", 'Zarządzanie "lean"', "Ασφάλεια", "السلامة", "בטיחות",
    "सुरक्षा", "急救", "防火", "안전", "5S|Kaizen", "TCP\\IP", "null", "🎨 design", "co-op\nwork",
])
TAGS: Final = pa.array([
    "new", "mandatory", "GDPR", "onboarding", "obligatorisk", "für alle", "2026", "true", "NaN",
    "a,b", "c;d", "e|f", '"quoted"', "it's", "back\\slash", "🔥", "👨\u200d👩\u200d👧",
    "ไทย", " padded ",
])
CATEGORIES: Final = pa.array([
    "Safety", "Compliance", "Leadership", "IT & data", "Språk", "Wohlbefinden", "Vente, conseil",
])
LEVELS: Final = pa.array(["beginner", "beginner", "intermediate", "advanced"])
KINDS: Final = pa.array([
    "video", "video", "video", "document", "pdf", "pdf", "text", "image", "spreadsheet", "audio",
    "interactive", "interactive",
])
TIMED_KINDS: Final = pa.array(["video", "audio", "interactive"])
# Positions in these two are written down in tables.
ACTIONS: Final = pa.array(["opened", "viewed", "completed", "downloaded"])
STATUSES: Final = pa.array(["enrolled", "started", "progressed", "completed", "dropped"])
# fmt: on

_FORMS: Final[dict[str, tuple[str, str, str]]] = {
    "sv": ("{}", "{}: en introduktion", "{} för vana"),
    "en": ("{}", "{}: an introduction", "{} in depth"),
    "de": ("{}", "{}: eine Einführung", "{} für Fortgeschrittene"),
    "fr": ("{}", "{} : une introduction", "{} – niveau avancé"),
    "pl": ("{}", "{}: wprowadzenie", "{} dla zaawansowanych"),
    "el": ("{}", "{}: εισαγωγή", "{} για προχωρημένους"),
    "ar": ("{}", "{}: مقدمة", "{} للمتقدمين"),
    "he": ("{}", "{}: מבוא", "{} למתקדמים"),
    "hi": ("{}", "{}: परिचय", "{} – उन्नत"),
    "zh": ("{}", "{}：入门", "{}（高级）"),
    "ja": ("{}", "{}：入門", "{}【上級編】"),
    "ko": ("{}", "{}: 입문", "{} 심화 과정"),
}

_SUBJECTS: Final[dict[str, tuple[str, ...]]] = {
    "sv": ("Dataskydd", "Första hjälpen", "Projektledning", "Kalkylblad", "Kundmöten", "Ärlighet"),
    "en": ("Data protection", "First aid", "Projects", "Spreadsheets", "Meetings", "Honesty"),
    "de": ("Datenschutz", "Erste Hilfe", "Führung", "Tabellen", "Gespräche", "Größen und Maße"),
    "fr": ("Données", "Premiers secours", "L’œuvre commune", "Tableur", "Réunions", "Sûreté"),
    "pl": ("Ochrona danych", "Pierwsza pomoc", "Zarządzanie", "Arkusze", "Spotkania", "Żądania"),
    "el": ("Προστασία δεδομένων", "Πρώτες βοήθειες", "Έργα", "Φύλλα", "Συναντήσεις", "Ασφάλεια"),
    "ar": (
        "حماية البيانات",
        "الإسعافات الأولية",
        "إدارة المشاريع",
        "الجداول",
        "اللقاءات",
        "السلامة",
    ),
    "he": ("הגנת מידע", "עזרה ראשונה", "ניהול פרויקטים", "גיליונות", "פגישות", "בטיחות"),
    "hi": ("डेटा सुरक्षा", "प्राथमिक उपचार", "परियोजना प्रबंधन", "स्प्रेडशीट", "बैठकें", "सुरक्षा"),
    "zh": ("数据保护", "急救", "项目管理", "电子表格", "客户会议", "消防安全"),
    "ja": ("データ保護", "応急手当", "プロジェクト管理", "表計算", "打ち合わせ", "防火"),
    "ko": ("데이터 보호", "응급 처치", "프로젝트 관리", "스프레드시트", "고객 상담", "화재 안전"),
}

# What is put before and after a title.
_DRESSES: Final[tuple[tuple[str, str], ...]] = (
    ('"', '"'),
    ("", ", part 2; continued"),
    ("", "\nsecond line"),
    ("", "\r\nsecond line, as on Windows"),
    ("🚀 ", ""),
    ("", " 👩🏽‍💻"),
    ("  ", ""),
    ("", "  "),
    ("C:\\courses\\", ""),
    ("", " \\"),
    ("", " cafe\u0301 A\u030angstro\u0308m"),
    ("", ' 5" or 6"'),
    ("'", "'"),
    ("\t", "\ttabbed"),
    ("\u200f", "\u200e 2026"),
    ("", " a|b, c;d: {e} [f] #g"),
    ("𝔄 ", " 𠮷"),
    ("„", "“ «»"),
    ("", "\n\nafter an empty line\n"),
    ('\\"', "\\n"),
)

LANGUAGES: Final = pa.array(list(_FORMS))

_PLAIN: Final = pa.array(
    [form.format(s) for tag in _FORMS for s in _SUBJECTS[tag] for form in _FORMS[tag]]
)
_BEFORE: Final = pa.array(["", *(before for before, _ in _DRESSES)])
_AFTER: Final = pa.array(["", *(after for _, after in _DRESSES)])


def languages(draws: Draws, size: int) -> Ints:
    """Positions in `LANGUAGES`; each language occurs once there are twelve items."""
    index = np.arange(size)
    return np.where(index < len(LANGUAGES), index, draws.below(len(LANGUAGES), size))


def titles(draws: Draws, language: Ints) -> pa.Array:
    """Titles in the given languages; every second one is dressed, by each dress in turn."""
    index = np.arange(language.size)
    per_language = len(_PLAIN) // len(LANGUAGES)
    plain = picked(_PLAIN, language * per_language + draws.below(per_language, index.size))
    dress = np.where(index % 2 == 0, 1 + index // 2 % len(_DRESSES), 0)
    return pc.binary_join_element_wise(picked(_BEFORE, dress), plain, picked(_AFTER, dress), "")
