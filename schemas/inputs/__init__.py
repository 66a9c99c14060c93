"""The shapes a filing may arrive in, told apart by their keys.

| shape | told by, the first that fits | filings a message |
| --- | --- | --- |
| our Formality, or one form of Insee's body | `description_activity` | one |
| one-stop counter's own JSON | an object under `formality` | one an activity |
| Insee's coding API, batch body | a list under `forms` | one a form |
| our Formality without a description: a dead letter | `formality_id` | none |
"""
