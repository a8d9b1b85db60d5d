"""Name lists for the synthetic people of the sample day.

Common given names and surnames per country or region, recombined at random by generate.py: no entry
is a person. Spelling varies on purpose (accents, hyphens, apostrophes), as it does at a desk.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where a household comes from, and what follows from it."""

    country: str  # ISO 3166-1 alpha-3, or XXA.
    alpha2: str
    weight: int  # Of a hundred households or so.
    language: str
    names: str  # Key of GIVEN and SURNAMES.
    second_surname: bool
    others: tuple  # Second nationalities seen with it, alpha-3.


ORIGINS = (
    Origin("HTI", "HT", 27, "ht", "haiti", False, ("CHL", "BRA", "DOM")),
    Origin("HND", "HN", 19, "es", "central", True, ("SLV", "GTM")),
    Origin("CUB", "CU", 12, "es", "cuba", True, ("ESP",)),
    Origin("VEN", "VE", 11, "es", "andes", True, ("COL", "PER")),
    Origin("SLV", "SV", 7, "es", "central", True, ("HND",)),
    Origin("GTM", "GT", 6, "es", "maya", True, ("MEX",)),
    Origin("NIC", "NI", 5, "es", "central", True, ("CRI",)),
    Origin("COL", "CO", 3, "es", "andes", True, ("VEN",)),
    Origin("ECU", "EC", 3, "es", "andes", True, ("COL",)),
    Origin("BRA", "BR", 1, "pt", "brazil", True, ("HTI",)),
    Origin("CMR", "CM", 1, "fr", "cameroon", False, ()),
    Origin("SEN", "SN", 1, "fr", "senegal", False, ()),
    Origin("AGO", "AO", 1, "pt", "angola", False, ("COD",)),
    Origin("GHA", "GH", 1, "en", "ghana", False, ()),
    Origin("AFG", "AF", 1, "en", "afghanistan", False, ()),
    Origin("NPL", "NP", 1, "en", "nepal", False, ("IND",)),
)

# Without a nationality; placed by hand, not by weight.
STATELESS = Origin("XXA", "XXA", 0, "fr", "haiti", False, ())


def _words(text):
    return tuple(word.replace("_", " ") for word in text.split())


# By list: given names of women and of men.
GIVEN = {
    "haiti": {
        "F": _words(
            "Guerline Roselaure Marie-Ange Mirlande Fabiola Wideline Nadège Lovely Islande Dieula "
            "Marie_Carmel Ketsia Rose-Berline Jésula Yolette Fédora Manoucheka Anne-Rose Chrismène "
            "Widnie Magdala Esterline Darline Ti-Marie Viergélie Célimène Guirlande Myrlène"
        ),
        "M": _words(
            "Jean-Robert Wisly Mackenson Dieudonné Frantz Jimmy Evens Ronel Wilner Jean_Claude "
            "Stanley Kervens Peterson Fritznel Jacquelin Rodolphe Woodley Ti-Jean Chrisnel Olguens "
            "Andréus Lukner Guesly Emmanuel Célestin Nérilus Wesner Jean-Élie"
        ),
    },
    "central": {
        "F": _words(
            "María_José Yessenia Keyla Dunia Nohemí Ana_Lucía Lesly Jenifer Karla_Patricia Suyapa "
            "Wendy Reina_Isabel Sofía Fátima Delmy Rosa_Amelia Iris Belkis Gloria_Esperanza "
            "Dilcia Marbella Xiomara Nury Ángela Blanca_Estela Cindy Damaris Heydi"
        ),
        "M": _words(
            "José_Ángel Kevin Óscar_Rolando Elmer Wilmer Darwin Josué Héctor_Iván Nahúm Santos "
            "Melvin Selvin Edwin Marvin René Juan_Ramón Cristian Axel Denis Ever_Noé Franklin "
            "Germán Isaí Orlin Rigoberto Saúl Ulises Víctor_Manuel"
        ),
    },
    "maya": {
        "F": _words(
            "Juana Micaela Catarina Petrona Ixchel María_Tomasa Eulalia Rosalía Marta_Julia "
            "Candelaria Sebastiana Ana_Pascual Dominga Florinda Magdalena Nicolasa"
        ),
        "M": _words(
            "Pascual Diego Tomás Mateo Baltazar Andrés Gaspar Domingo Sebastián Francisco Lucas "
            "Nicolás Efraín Juan_Manuel Hermelindo Santiago"
        ),
    },
    "cuba": {
        "F": _words(
            "Yanelis Yusimí Dayana Mayelín Lisandra Odalys Yaíma Niurka Anabel Yordanka Leidys "
            "Maylén Caridad Regla_María Yarisleidys Idalmis Zulema Taimí"
        ),
        "M": _words(
            "Yoandri Yunior Lázaro Osmany Dayron Reinier Alexei Yasmany Ernesto Orlando Maikel "
            "Raidel Vladimir Ariel Leonel Juan_Carlos Noel Adonis"
        ),
    },
    "andes": {
        "F": _words(
            "Yuleisy Génesis Andreína Mariángel Luz_Dary Valentina Estefanía Roxana Nataly "
            "Maryuri Leidy_Johana Gabriela Paola_Andrea Daniela Oriana Lourdes Nayibe Érika"
        ),
        "M": _words(
            "Yorman Jhon_Jairo Luis_Alfonso Wuilmer Andrés_Felipe Maikol Jefferson Brayan Ángel "
            "Eduardo Robinson Segundo_Manuel Édgar Jesús_Alberto Néstor Sebastián Yeison Iván"
        ),
    },
    "brazil": {
        "F": _words("Thaís Luciana Jucilene Conceição Rosângela Ana_Beatriz"),
        "M": _words("João_Vítor Wellington Antônio Cauã Raimundo Gilson"),
    },
    "cameroon": {
        "F": _words("Beatrice Espérance Solange Ngozi Édith Clarisse"),
        "M": _words("Patrice Blaise Emmanuel Thierry Achille Rodrigue"),
    },
    "senegal": {
        "F": _words("Aïssatou Fatou Mariama Aminata Khady Ndèye"),
        "M": _words("Ousmane Mamadou Ibrahima Cheikh Modou Aliou"),
    },
    "angola": {
        "F": _words("Luzia Esperança Conceição Nzuzi Teresa"),
        "M": _words("João Nsimba António Makiese Domingos"),
    },
    "ghana": {
        "F": _words("Adjoa Akosua Abena Efua Grace"),
        "M": _words("Kwame Kofi Yaw Kwabena Samuel"),
    },
    "afghanistan": {
        "F": _words("Parisa Zahra Laila Shukria Fatima"),
        "M": _words("Rahim Najib Farid Hamid Ahmad"),
    },
    "nepal": {
        "F": _words("Sunita Anjali Bimala Maya Gita"),
        "M": _words("Bishal Suresh Prakash Dipak Ramesh"),
    },
}

SURNAMES = {
    "haiti": _words(
        "Jean-Baptiste Pierre Louis Désir Saint-Fleur Toussaint Joseph Charles Étienne Estimé "
        "Dorvil Jean-Louis Célestin Exantus Noël Cadet Fleurimond Saintilus Élysée François "
        "Augustin D'Meus Pierre-Louis Innocent Thélusma Mondésir Guerrier Beauvil"
    ),
    "central": _words(
        "Hernández García Martínez López Mejía Zelaya Ordóñez Núñez Peña Castañeda Cáceres "
        "Portillo Flores Banegas Ávila Padilla Murillo Funes Zúñiga Euceda Argueta Orellana "
        "Muñoz de_la_Cruz del_Cid Rodríguez Pineda Bonilla Alvarado Guevara"
    ),
    "maya": _words(
        "Ixcoy Tzoc Chávez Pérez Domingo Xol Coc Ramírez Jiménez Cac Ajanel Tum Morales Us Lux "
        "Velásquez Toj Méndez Sales Escalante"
    ),
    "cuba": _words(
        "O'Farrill Valdés Cárdenas Pérez Sotolongo Acosta Hechavarría Leyva Batista Ñico Tamayo "
        "Rodríguez Fuentes Góngora Labañino Reyes Duany Fernández"
    ),
    "andes": _words(
        "Quiñones Chirinos Urdaneta Rojas Rincón D'León Muñoz Guaicaipuro Bermúdez Castaño Arias "
        "Quishpe Zambrano Cedeño Mendoza Bolaños Villamizar Añez Perozo Cañizález"
    ),
    "brazil": _words("dos_Santos Conceição Araújo Gonçalves Brandão Sant'Anna Nogueira"),
    "cameroon": _words("Tchamba Ngwa Nkemelu M'Bala N'Dongo Fotso"),
    "senegal": _words("N'Diaye Bâ Fofana Diop Sarr Guèye"),
    "angola": _words("Kapita dos_Santos N'Zinga Cabral M'Bemba"),
    "ghana": _words("Mensah Owusu-Ansah Boateng Asante Addo"),
    "afghanistan": _words("Ahmadi Noorzai Haidari Rahimi Stanikzai"),
    "nepal": _words("Thapa Gurung Tamang Shrestha Rai"),
}
