"""Draw made-up names by country, in Latin letters as in a passport and in the country's own script.

Common given names and surnames; the people put together from them do not exist.
"""

# ruff: noqa: RUF001 - letters of other scripts are what this is about

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

Written = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """Names of one country, each as (Latin, own script); surnames as (of men, of women) where they differ."""

    men: tuple[Written, ...]
    women: tuple[Written, ...]
    surnames: tuple[tuple[Written, Written], ...]


def _pairs(text: str) -> tuple[Written, ...]:
    """`Latin=own`, parted by spaces; no `=`: both are written alike."""
    return tuple((latin, own or latin) for latin, _, own in (word.partition("=") for word in text.split()))


def _surnames(men: str, women: str | None = None) -> tuple[tuple[Written, Written], ...]:
    return tuple(zip(_pairs(men), _pairs(women or men), strict=True))


NAMES: dict[str, Names] = {
    "AM": Names(
        _pairs("Armen=Արմեն Hayk=Հայկ Davit=Դավիթ Karen=Կարեն Vahan=Վահան Samvel=Սամվել Gevorg=Գևորգ Narek=Նարեկ"),
        _pairs("Anahit=Անահիտ Lusine=Լուսինե Mariam=Մարիամ Nare=Նարե Gayane=Գայանե Hasmik=Հասմիկ Sona=Սոնա"),
        _surnames(
            "Sargsyan=Սարգսյան Grigoryan=Գրիգորյան Harutyunyan=Հարությունյան Vardanyan=Վարդանյան "
            "Khachatryan=Խաչատրյան Mkrtchyan=Մկրտչյան Avetisyan=Ավետիսյան Gasparyan=Գասպարյան"
        ),
    ),
    "AZ": Names(
        _pairs("Rashad=Rəşad Elchin=Elçin Farid=Fərid Kamran Orkhan=Orxan Tural Vugar=Vüqar Samir"),
        _pairs("Aygun=Aygün Gunel=Günel Leyla Nigar Sevinj=Sevinc Ulviyya=Ülviyyə Aysel"),
        _surnames(
            "Aliyev=Əliyev Mammadov=Məmmədov Huseynov=Hüseynov Guliyev=Quliyev Hasanov=Həsənov "
            "Ismayilov=İsmayılov Abbasov Karimov=Kərimov",
            "Aliyeva=Əliyeva Mammadova=Məmmədova Huseynova=Hüseynova Guliyeva=Quliyeva Hasanova=Həsənova "
            "Ismayilova=İsmayılova Abbasova Karimova=Kərimova",
        ),
    ),
    "BY": Names(
        _pairs("Aliaksei=Аляксей Siarhei=Сяргей Dzmitry=Дзмітрый Pavel=Павел Maksim=Максім Andrei=Андрэй"),
        _pairs("Volha=Вольга Natallia=Наталля Alena=Алена Tatsiana=Таццяна Hanna=Ганна Katsiaryna=Кацярына"),
        _surnames(
            "Kavalenka=Каваленка Kazlou=Казлоў Novik=Новік Zhuk=Жук Marozau=Марозаў Karatkevich=Караткевіч",
            "Kavalenka=Каваленка Kazlova=Казлова Novik=Новік Zhuk=Жук Marozava=Марозава Karatkevich=Караткевіч",
        ),
    ),
    "GE": Names(
        _pairs("Levan=ლევან Irakli=ირაკლი Zurab=ზურაბ Davit=დავით Nika=ნიკა Lasha=ლაშა Giorgi=გიორგი"),
        _pairs("Tamar=თამარ Ketevan=ქეთევან Mariam=მარიამ Natia=ნათია Salome=სალომე Eka=ეკა"),
        _surnames(
            "Kapanadze=კაპანაძე Lomidze=ლომიძე Gelashvili=გელაშვილი Tsiklauri=წიკლაური "
            "Kvaratskhelia=კვარაცხელია Dolidze=დოლიძე Chikovani=ჩიქოვანი Javakhishvili=ჯავახიშვილი"
        ),
    ),
    "MD": Names(
        _pairs("Ion Andrei Vasile Sergiu Mihai Victor Stefan=Ștefan Grigore"),
        _pairs("Ana Elena Maria Doina Cristina Tatiana Marita=Mărița"),
        _surnames("Rusu Ceban Munteanu Turcanu=Țurcanu Cojocaru Popa Lungu Ciobanu Braila=Brăila"),
    ),
    "UA": Names(
        _pairs("Oleksandr=Олександр Andrii=Андрій Mykola=Микола Serhii=Сергій Taras=Тарас Bohdan=Богдан"),
        _pairs("Olena=Олена Iryna=Ірина Nataliia=Наталія Kateryna=Катерина Yuliia=Юлія Sofiia=Софія"),
        _surnames(
            "Shevchenko=Шевченко Kovalenko=Коваленко Bondarenko=Бондаренко Tkachenko=Ткаченко Kravchuk=Кравчук "
            "Lysenko=Лисенко Marchenko=Марченко Savchuk=Савчук"
        ),
    ),
    "CZ": Names(
        _pairs("Jan Petr Tomas=Tomáš Jakub"),
        _pairs("Jana Hana Lucie Eva"),
        _surnames("Novak=Novák Dvorak=Dvořák Cerny=Černý", "Novakova=Nováková Dvorakova=Dvořáková Cerna=Černá"),
    ),
    "DE": Names(_pairs("Jens Markus Stefan Tim"), _pairs("Anja Katrin Sabine Julia"), _surnames("Schmidt Weiss=Weiß")),
    "EE": Names(_pairs("Mart Rasmus Toomas"), _pairs("Kadri Liis Maarja"), _surnames("Tamm Saar Magi=Mägi")),
    "ES": Names(_pairs("Javier Pablo Luis"), _pairs("Carmen Lucia=Lucía Ines=Inés"), _surnames("Ruiz Navarro Gil")),
    "EU": Names(_pairs("Paulo Henk Marc"), _pairs("Silvia Anneke Claudia"), _surnames("Vermeer Lopes Janssens")),
    "FI": Names(_pairs("Antti Juha Mikko"), _pairs("Aino Kaisa Laura"), _surnames("Virtanen Makela=Mäkelä Nieminen")),
    "FR": Names(
        _pairs("Julien Marc Olivier"), _pairs("Camille Helene=Hélène Sophie"), _surnames("Girard Lefevre Roux")
    ),
    "GR": Names(
        _pairs("Nikos=Νίκος Giannis=Γιάννης"),
        _pairs("Eleni=Ελένη Maria=Μαρία"),
        _surnames(
            "Papadopoulos=Παπαδόπουλος Georgiou=Γεωργίου Nikolaidis=Νικολαΐδης",
            "Papadopoulou=Παπαδοπούλου Georgiou=Γεωργίου Nikolaidou=Νικολαΐδου",
        ),
    ),
    "IT": Names(_pairs("Marco Luca Paolo"), _pairs("Giulia Chiara Francesca"), _surnames("Conti Ferri Gallo")),
    "LT": Names(
        _pairs("Mindaugas Tomas Darius"),
        _pairs("Egle=Eglė Ruta=Rūta Daiva"),
        _surnames(
            "Kazlauskas Petraitis Stankus", "Kazlauskiene=Kazlauskienė Petraitiene=Petraitienė Stankiene=Stankienė"
        ),
    ),
    "NL": Names(_pairs("Bram Sander Joost"), _pairs("Femke Marieke Lotte"), _surnames("Bakker Visser Mulder")),
    "PL": Names(
        _pairs("Piotr Marcin Lukasz=Łukasz"),
        _pairs("Agnieszka Ewa Magdalena"),
        _surnames("Kowalski Zielinski=Zieliński Wozniak=Woźniak", "Kowalska Zielinska=Zielińska Wozniak=Woźniak"),
    ),
    "PT": Names(_pairs("Rui Tiago Miguel"), _pairs("Ana Joana Marta"), _surnames("Ferreira Costa Pereira")),
    "RO": Names(
        _pairs("Radu Bogdan Florin"), _pairs("Ioana Raluca Mihaela"), _surnames("Dumitru Stan Radulescu=Rădulescu")
    ),
    "SE": Names(_pairs("Erik Johan Lars"), _pairs("Karin Sara Malin"), _surnames("Lindqvist Berg Sjoberg=Sjöberg")),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A made-up person's name in both scripts, and the sex that it goes with."""

    latin: str
    own: str
    woman: bool


def draw(chance: random.Random, country: str, taken: set[str]) -> Named:
    """Return a name of that country that is not in `taken` yet (and then is): the same `chance` draws the same name."""
    names = NAMES[country]
    for attempt in range(200):
        woman = chance.random() < 0.42
        given = chance.choice(names.women if woman else names.men)
        surname = chance.choice(names.surnames)[woman]
        latin, own = f"{given[0]} {surname[0]}", f"{given[1]} {surname[1]}"
        if attempt > 100:  # all plain ones are taken: people with two given names
            second = chance.choice(names.women if woman else names.men)
            latin, own = f"{given[0]} {second[0]} {surname[0]}", f"{given[1]} {second[1]} {surname[1]}"
        if latin not in taken:
            taken.add(latin)
            return Named(latin, own, woman)
    raise ValueError(f"There are not enough names for {country}.")
