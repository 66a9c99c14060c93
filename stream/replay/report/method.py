"""How the figures were come by, for a reader who wants to check them."""

from __future__ import annotations

from stream.replay.report.words import say

METHOD = (
    say(
        "Un dossier est juste quand le premier code du modèle est celui de la dernière étiquette ; renvoyé au"
        " déclarant, il l’est quand un agent n’y a rien trouvé à coder. Le code d’un agent est tenu pour vrai.",
        "A filing is right when the model’s first code is that of its last label; returned to the declarant, it"
        " is right when an agent found nothing to code. An agent’s code is taken for true.",
    ),
    say(
        "Les étiquettes des dossiers repris valent 1, celles de l’audit l’inverse de la part auditée (Horvitz et"
        " Thompson, rapport de Hájek) : l’échantillon parle ainsi de toute la voie automatique. Les"
        " réclamations, qui ne signalent que des erreurs, ne comptent dans aucune estimation. Les intervalles"
        " sont ceux de Wilson à 95 %, pris à la taille efficace de Kish ; « au plus » est la borne supérieure"
        " unilatérale de Clopper et Pearson.",
        "Labels of reviewed filings weigh 1, those of the audit the inverse of the audited share (Horvitz and"
        " Thompson, Hájek’s ratio), so that the sample speaks of the whole automatic lane. Claims, which only"
        " report errors, count in no estimate. Intervals are Wilson’s at 95%, taken at Kish’s effective size;"
        " “at most” is the one-sided upper bound of Clopper and Pearson.",
    ),
    say(
        "Le coût d’un dossier est la part reprise fois les minutes d’une reprise, plus la part automatique fois"
        " son erreur fois les minutes d’une erreur. Les courbes changent un seul seuil pour tous ; les points"
        " sont les politiques telles quelles, segments compris.",
        "The cost of a filing is the reviewed share times the minutes of a review, plus the automatic share"
        " times its error times the minutes of an error. Curves move one threshold for all; dots are the"
        " policies as they are, segments included.",
    ),
    say(
        "Le test de McNemar compte les dossiers où un seul des deux modèles est juste : binomial exact jusqu’à"
        " mille, khi-deux avec correction d’Edwards au-delà. Quand tous n’avaient pas la même chance d’être"
        " étiquetés, chacun compte par son poids. Les jours sont ceux du temps universel.",
        "McNemar’s test counts the filings on which one model alone is right: exact binomial up to a thousand,"
        " chi-square with Edwards’ correction beyond. Where not all were equally likely to be labelled, each"
        " counts by its weight. Days are those of universal time.",
    ),
)
