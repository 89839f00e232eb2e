"""About 400 common English words by part of speech: what the sentences of synthetic documents are made of."""

from __future__ import annotations


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NOUNS = _split("""
    account action advance agreement airport amount analysis answer approach area argument article aspect attempt audit
    balance bank basis board bottle bridge budget building campaign capital carrier case cause century chain chamber
    change channel chapter charge circle city claim class client climate coast colour column committee company
    condition contract copper copy corner cost council country course court cover credit crop culture customer cycle
    danger date debate decade decision degree demand department deposit design detail device dinner director disease
    distance district document doubt edge effect effort election employer engine error estate estimate evening event
    evidence example exchange experiment export factor factory farmer fashion feature field figure filter finding firm
    flight flow forest form formula garden glass goal grain harbour heat height history hospital hotel idea image
    income index industry insurance interest island issue journey judge keeper kitchen label laboratory lake
    language law layer leader lesson letter level library licence limit machine magazine manager map margin market
    material matter measure meeting member memory method metal mill minute mirror model moment mountain museum
    notice number object office operation option order output owner packet page paper park partner pattern payment
    percentage period permit picture plan plant policy pressure price principle problem process product programme
    project proposal quality quarter question railway range rate reader reason record region report request result
    return river road room route rule sample scheme school season section sector service signal site stage standard
    station stock store street student summer supply surface survey system table target tenant term test theory
    tool town trade traffic training treaty unit valley value vehicle version vessel village visitor volume wage
    warehouse water weather week window winter worker workshop year
    """)

# Past tense agrees with every subject, so the grammar needs no number.
VERBS = _split("""
    accepted adopted affected altered announced applied approved assessed avoided changed checked collected combined
    compared completed confirmed considered controlled covered delayed delivered described designed developed doubled
    entered examined expected explained followed improved included increased inspected introduced joined limited
    measured mentioned noted observed obtained opened ordered planned prepared presented produced proposed protected
    published reached received recorded reduced repeated replaced reported required returned reviewed selected settled
    showed signed stated studied suggested supported tested transferred treated visited
    """)

ADJECTIVES = _split("""
    active additional annual available average basic brief broad central certain clear close cold common complete
    complex constant current daily deep direct early eastern entire equal exact final first formal former fresh full
    further general good great heavy high important initial internal large late legal light likely local long low main
    major medical minor modern monthly narrow national natural new normal northern official old open ordinary original
    particular past possible present previous private public quick recent regular relevant second separate serious
    severe sharp short similar simple single small social southern special standard steady strong sudden technical
    third typical upper urban usual valuable warm weekly western whole wide wooden young
    """)

ADVERBS = _split(
    "already also almost clearly finally generally largely later mainly nearly often quickly rarely slowly soon"
)
OPENERS = _split("""
    Accordingly Afterwards Besides Consequently Furthermore Generally Instead Meanwhile Moreover Nevertheless Overall
    Previously Similarly Therefore Today Usually
    """)
PREPOSITIONS = _split(
    """
    about above across after against at before behind below between by during for from in inside into near of on over
    since through to towards under until with within without
    """
)
DETERMINERS = ("the", "the", "the", "a", "this", "that", "each", "every", "another", "our", "their", "its")
PLURAL_DETERMINERS = ("the", "these", "those", "many", "several", "some", "most", "few", "all", "our", "their")
CONJUNCTIONS = ("and", "but", "while", "because", "although", "so", "whereas")
MONTHS = _split("January February March April May June July August September October November December")
UNITS = ("kg", "km", "tons", "litres", "hours", "days", "units", "pages", "metres", "boxes")

# Syllables of invented names: no name is meant to be anybody's.
NAME_HEADS = _split("Bal Cor Dal Eb Fen Gar Hol Ing Jor Kel Lam Mar Nor Os Pel Quin Ros Sel Tam Ul Ver Wen Yar Zel")
NAME_MIDDLES = _split("a an ba da de el en er fo i in la le li ma mo na ne o or ri ro sa ta ti u va vo")
NAME_TAILS = _split("bert by den dra field ford gren han kin land ley low man mond ner ric son stad ton vik well wick")
GIVEN_TAILS = _split("a an ara as el ella en ena ias ie in ine is ita o on ora us \u00e9e \u00f6rn")
COMPANY_TAILS = ("Ltd.", "Inc.", "Company", "& Sons", "Group", "Partners", "Corporation", "Institute", "Society")
COMPANY_KINDS = _split("Supply Freight Paper Metals Textile Timber Printing Insurance Electric Marine Garden Seed")
STREET_TAILS = ("Street", "Road", "Avenue", "Lane", "Square", "Court", "Drive", "Hill")
