"""The data centres of the demo and the distances between them."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class City:
    id: str
    name: str
    country: str
    metro: str
    latitude: float
    longitude: float
    attributes: dict = field(default_factory=dict)
    regions: tuple = ()


CITIES = (
    City("par", "Paris", "FR", "paris", 48.8566, 2.3522, {"fips": "no"}),
    City("fra", "Frankfurt", "DE", "frankfurt", 50.1109, 8.6821, {"fips": "yes"}),
    City("ams", "Amsterdam", "NL", "amsterdam", 52.3676, 4.9041, {"fips": "no"}),
    City("nyc", "New York", "US", "newyork", 40.7128, -74.0060, {"fips": "yes"}, ("ENAM",)),
    City("sfo", "San Francisco", "US", "sanfrancisco", 37.7749, -122.4194, {"fips": "no"}, ("WNAM",)),
    City("nrt", "Tokyo", "JP", "tokyo", 35.6762, 139.6503, {"fips": "yes"}),
    City("bom", "Mumbai", "IN", "mumbai", 19.0760, 72.8777, {"fips": "no"}),
)

# Where the core stands: beside Frankfurt.
CORE_LATITUDE, CORE_LONGITUDE = 50.1109, 8.6821

# Light in fibre covers about 200 km in a millisecond, and cables are about twice as long as the
# great circle they follow: a round trip costs about 2 * 2 / 200 ms for each kilometre.
MILLISECONDS_PER_KM = 0.02
SAME_CITY_MILLISECONDS = 0.5


def kilometres(a_latitude, a_longitude, b_latitude, b_longitude):
    """The great-circle distance (haversine), on a sphere of 6371 km."""
    phi1, phi2 = math.radians(a_latitude), math.radians(b_latitude)
    d_lambda = math.radians(b_longitude - a_longitude)
    h = (
        math.sin((phi2 - phi1) / 2) ** 2
        + math.cos(phi1) * math.cos(phi2) * math.sin(d_lambda / 2) ** 2
    )
    return 2 * 6371.0 * math.asin(math.sqrt(h))


def round_trip_milliseconds(a, b):
    """An estimate of the round trip between two (latitude, longitude) points."""
    return max(SAME_CITY_MILLISECONDS, kilometres(*a, *b) * MILLISECONDS_PER_KM)
