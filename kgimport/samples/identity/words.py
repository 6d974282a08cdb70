"""The words of the identity data: names, places, products, pages and what people do there."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

# fmt: off
FIRST: Final = pa.array([
    "anna", "bruno", "clara", "david", "edith", "frank", "grace", "henry", "iris", "james",
    "karin", "louis", "maria", "nils", "olga", "peter", "quentin", "rosa", "simon", "teresa",
    "ursula", "victor", "wanda", "xavier", "yvonne", "zoe", "jose", "asa", "ingrid", "oscar",
])
LAST: Final = pa.array([
    "abbott", "barlow", "carver", "dunmore", "eastman", "fairley", "gardner", "holloway", "ibsen",
    "jarvis", "keller", "lindqvist", "marlow", "norwood", "obrien", "prescott", "quigley",
    "ravenscroft", "sandoval", "thornton", "underhill", "vasquez", "whitlock", "xiang", "yarrow",
    "zeller", "mueller", "garcia", "sorensen", "delacroix", "vandijk", "mcallister",
])
MAIL: Final = pa.array([
    "example.com", "example.net", "example.org", "mail.example", "post.example",
])
STREETS: Final = pa.array([
    "Mill Lane", "High Street", "Orchard Road", "Harbour Walk", "St. John's Square", "Elm Avenue",
    "Rue de l'Église", "Große Gasse", "Plaza Mayor", "Via Nuova", "Storgatan", "Flat 2, Park Row",
])
# City, country. One name lies in up to four countries, and some are the names of countries.
PLACES: Final = (
    ("London", "United Kingdom"), ("London", "Canada"), ("Birmingham", "United Kingdom"),
    ("Birmingham", "United States"), ("Paris", "France"), ("Paris", "United States"),
    ("Córdoba", "Spain"), ("Córdoba", "Argentina"), ("Córdoba", "Mexico"),
    ("Valencia", "Spain"), ("Valencia", "Venezuela"), ("Victoria", "Canada"),
    ("Victoria", "Seychelles"), ("Victoria", "Australia"), ("Victoria", "Argentina"),
    ("San José", "Costa Rica"), ("San José", "Uruguay"), ("Melbourne", "Australia"),
    ("Melbourne", "United States"), ("Berlin", "Germany"), ("Zürich", "Switzerland"),
    ("Singapore", "Singapore"), ("Luxembourg", "Luxembourg"), ("Monaco", "Monaco"),
    ("Panama", "Panama"), ("Mexico", "Philippines"), ("Lebanon", "United States"),
    ("Jordan", "Philippines"), ("Peru", "United States"), ("Oslo", "Norway"),
)
CITIES: Final = pa.array([city for city, _ in PLACES])
COUNTRIES: Final = pa.array([country for _, country in PLACES])
LEVELS: Final = pa.array(["beginner", "entusiast", "active", "leader"])  # as the source spells them

KINDS: Final = ("Watch", "Phone", "Laptop", "Camera", "Speaker", "Tablet", "Printer", "Lamp")
BRANDS: Final = ("Nova", "Orbit", "Kestrel", "Lumen", "Pine & Co", "Zephyr")
MODELS: Final = ("1", "2", "3", "Mini", "Max", "SE")
PRODUCTS: Final = pa.array([f"{b} {k} {m}" for m in MODELS for k in KINDS for b in BRANDS])
SLUGS: Final = pa.array([
    each.lower().replace(" & ", "-and-").replace(" ", "-") for each in PRODUCTS.to_pylist()
])
CATEGORIES: Final = pa.array(["Electronics", "Home", "Gifts"])

APPS: Final = pa.array(["ecommerce", "travel", "health_services", "health_providers"])
DOMAINS: Final = pa.array([
    "shop.example", "north-store.example", "gadgets.example", "outlet.example", "reviews.example",
    "daily-news.example", "travels.example", "clinic.example", "forum.example", "deals.example",
])
PAGES: Final = ("/", "/product/{0}", "/product/{0}/reviews", "/product/{0}/thank-you")
ACTIONS: Final = pa.array([
    "PageView", "Search", "ProductView", "CompareProducts", "WishList", "AddToCart", "DiscardCart",
    "SignUp", "SignIn", "Purchase",
])
# What a browser says of itself: commas, semicolons and brackets are usual.
BROWSERS: Final = pa.array([
    f"Mozilla/5.0 ({system}) {engine}"
    for system in (
        "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64",
    )
    for engine in (
        "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
        "Gecko/20100101 Firefox/127.0",
    )
])
HANDSETS: Final = pa.array([
    f"Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) {app}"
    for system in (
        "iPhone; CPU iPhone OS 17_5 like Mac OS X", "iPad; CPU OS 16_7 like Mac OS X",
        "Linux; Android 14; Pixel 8", "Linux; Android 12; SM-A525F",
    )
    for app in ("Mobile/15E148", "Shop/4.2 Mobile", "Version/17.4 Mobile Safari/604.1")
])
# fmt: on
