"""Every reason code, in one place: dashboards, redrive filters and consumers match on these strings."""

from __future__ import annotations

from enum import StrEnum


class DecisionReason(StrEnum):
    """Why a filing took the route it took (`Decision.reason`)."""

    CONFIDENT = "confident"
    """Confidence index at or above the threshold: auto."""
    BELOW_THRESHOLD = "below_threshold"
    """Confidence index under the threshold: review."""
    APE_CODE_AS_TEXT = "ape_code_as_text"
    """The declarant typed a code where an activity was asked: review, that code first."""
    NO_LETTERS = "no_letters"
    """Only digits, punctuation or blanks: returned."""
    SINGLE_LETTER = "single_letter"
    """One letter and nothing else: returned."""
    REFERS_ELSEWHERE = "refers_elsewhere"
    """"idem", "voir kbis": the activity is said in a document we do not have: returned."""
    SAYS_NOTHING = "says_nothing"
    """"néant", "activité principale": words, but no activity: returned."""


class DeadLetterReason(StrEnum):
    """Why a message could not become a decision (header `codiflux-reason`)."""

    EMPTY_MESSAGE = "empty_message"
    """No value at all (a tombstone or an empty one)."""
    TOO_LARGE = "too_large"
    """More bytes than a filing may have."""
    NOT_UTF8 = "not_utf8"
    """Bytes that are no text."""
    NOT_JSON = "not_json"
    """Text that is no JSON, or JSON nested too deep."""
    NOT_A_FORMALITY = "not_a_formality"
    """JSON, but none of the three shapes we accept."""
    MISSING_FIELD = "missing_field"
    """A required field is absent or a missing marker."""
    INVALID_FIELD = "invalid_field"
    """A field is there, but not of its form."""
    TEXT_TOO_LONG = "text_too_long"
    """A description over 2,000 characters."""
    NO_ACTIVITY = "no_activity"
    """A one-stop-counter filing that declares no activity."""
    PREDICTION_FAILED = "prediction_failed"
    """The cascade raised on this filing: a defect of ours, worth a redrive once mended."""
    DECISION_TOO_LARGE = "decision_too_large"
    """The broker's size limit refuses the decision."""
