"""The one door to confluent-kafka, and the security options both client libraries share."""
