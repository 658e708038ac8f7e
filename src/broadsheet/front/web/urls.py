"""
The readers' addresses. `/<section>/` takes any word, so these come last of all; what
else has an address of one word must stand before them.
"""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import IntConverter, StringConverter

from . import feeds, machines, reading


class StoryNumber(IntConverter):
    """A number that a row can have; a longer one is no story's."""

    regex = "[0-9]{1,18}"


class TopicSlug(StringConverter):
    """A topic's address is in its own script: /topics/भारत/."""

    regex = r"[\w\u0900-\u0dff-]{1,100}"


register_converter(StoryNumber, "story")
register_converter(TopicSlug, "topic")

urlpatterns = [
    path("", reading.front, name="front"),
    path("robots.txt", machines.robots, name="robots"),
    path("license.xml", machines.licence, name="licence"),
    path("feeds/", feeds.index, name="feeds"),
    path("feeds/front.rss", feeds.front, name="front-feed"),
    path("feeds/<slug:slug>.rss", feeds.section, name="section-feed"),
    path("authors/<slug:slug>/", reading.author, name="author"),
    path("topics/<topic:slug>/", reading.topic, name="topic"),
    path("<slug:section>/<slug:slug>-<story:story_id>/", reading.story, name="story"),
    path("<slug:slug>/", reading.section, name="section"),
]
