"""Tables in many languages and scripts, and the encodings that people kept these in."""

import random
import unicodedata

#: Names, towns and short sentences, joined with `|`.
_WORDS = {
    "French": "René Lefèvre|Zoé Gauthier|François Hébert|Noël Béranger|Orléans|Besançon|Nîmes|"
    "Saint-Étienne|Très satisfait de ma première commande|Préfère être appelé l'après-midi|"
    "Cliente fidèle depuis l'été dernier|A déjà reçu le chèque cadeau à Noël",
    "German": "Jürgen Groß|Käthe Müller|Björn Schäfer|Sören Köhler|Köln|Düsseldorf|Gießen|Würzburg|"
    "Möchte künftig keine Anrufe mehr|Grüße aus dem schönen Süden|Straße fehlt, bitte prüfen|"
    "Kündigung für nächstes Jahr",
    "Spanish": "José Muñoz|Íñigo Núñez|María Ángeles Peña|Begoña Ibáñez|Málaga|Córdoba|La Coruña|"
    "Cádiz|¿Cuándo llegará el envío?|Llamar después de mañana|Recibió el catálogo español|"
    "Compró también un cinturón",
    "Portuguese": "João Gonçalves|Inês Simões|Luís Conceição|Mônica Araújo|São Paulo|Brasília|"
    "Évora|Maranhão|Não recebeu a confirmação|Endereço já não é válido|Atenção à região|"
    "Prefere informações por correio",
    "Danish": "Søren Kjær|Åse Nørgård|Jørgen Ærø|Kåre Sæther|København|Tromsø|Ålesund|Ærøskøbing|"
    "Ønsker ikke flere tilbud på e-post|Har været kunde i mange år|Bestilte blå støvler i går|"
    "Må ringes op på lørdag",
    "Swedish": "Åsa Sjöström|Göran Åkesson|Märta Öberg|Björn Hägg|Malmö|Göteborg|Jönköping|Växjö|"
    "Vill inte längre få våra utskick|Köpte två tröjor på rean|Är nöjd med förra beställningen|"
    "Återkommer efter påsk",
    "Finnish": "Päivi Hämäläinen|Väinö Mäkelä|Yrjö Kärkkäinen|Jyväskylä|Hämeenlinna|Seinäjoki|"
    "Ei enää käytä tätä osoitetta|Pyytää soittamaan iltapäivällä|Tilasi syksyllä kengät itselleen",
    "Icelandic": "Guðrún Þórðardóttir|Ásgeir Sigurðsson|Þorbjörg Ævarsdóttir|Reykjavík|Akureyri|"
    "Ísafjörður|Hafnarfjörður|Vill ekki fá fleiri bréf frá okkur|Keypti þrjár bækur í gær|"
    "Hefur verið viðskiptavinur síðan í fyrra",
    "Polish": "Łukasz Wiśniewski|Małgorzata Żółć|Michał Dąbrowski|Józef Święcicki|Łódź|Kraków|"
    "Gdańsk|Częstochowa|Proszę dzwonić dopiero po południu|Zamówił trzy książki w zeszłym miesiącu|"
    "Nie chce więcej otrzymywać wiadomości|Klient od początku roku, bardzo życzliwy",
    "Czech": "Jiří Dvořák|Božena Němcová|Tomáš Růžička|Kateřina Šťastná|Plzeň|České Budějovice|"
    "Třebíč|Děčín|Přeje si dostávat nabídky jen poštou|Objednal dvě košile a žluté tričko|"
    "Už několik let věrný zákazník|Prosíme ověřit číslo účtu",
    "Hungarian": "Ágnes Szőke|Győző Kovács|Zoltán Hegedűs|Tünde Erdős|Székesfehérvár|Győr|"
    "Hódmezővásárhely|Kőszeg|Nem kér több hirdetést tőlünk|Két pár fűzős cipőt vásárolt|"
    "Csak délután lehet elérni őt|Örömmel töltötte ki a kérdőívet",
    "Romanian": "Ştefan Brâncuşi|Ioana Pătraşcu|Ţepeş Mădălina|Constanţa|Timişoara|Piteşti|Bacău|"
    "Nu mai doreşte să primească oferte|A cumpărat două cămăşi şi o pălărie|"
    "Preferă să fie sunată după amiază|Clientă fidelă, mulţumită de livrare",
    "Croatian": "Željko Kovačić|Šime Đurđević|Ivančica Vučković|Šibenik|Čakovec|Požega|Đakovo|"
    "Više ne želi primati obavijesti|Naručio je još četiri košulje|Molimo nazvati poslije podne|"
    "Već više godina vjeran kupac",
    "Lithuanian": "Šarūnas Žukauskas|Jūratė Kazlauskienė|Ąžuolas Petrauskas|Šiauliai|Panevėžys|"
    "Mažeikiai|Kėdainiai|Nenori daugiau gauti mūsų pasiūlymų|Prašo skambinti tik po pietų|"
    "Įsigijo dvi knygas ir žalią striukę|Ištikimas pirkėjas jau šešerius metus",
    "Latvian": "Jānis Bērziņš|Līga Kļaviņa|Ģirts Ķēniņš|Rīga|Daugavpils|Rēzekne|Jēkabpils|Cēsis|"
    "Nevēlas vairs saņemt mūsu piedāvājumus|Lūdz zvanīt tikai pēcpusdienā|"
    "Nopirka divus kreklus un zaļu šalli|Jau vairākus gadus uzticīgs klients",
    "Estonian": "Jüri Mägi|Õnne Pärn|Tõnu Öövel|Tõnis Kõiv|Jõhvi|Pärnu|Põlva|Võru|"
    "Ei soovi enam meie pakkumisi saada|Tellis kaks särki ja kõrvarõngad|"
    "Palun helistada pärast lõunat|Püsiklient juba mõnda aega",
    "Turkish": "Şükrü Yıldız|Ayşe Öztürk|Gökçe Çağlar|İbrahim Güneş|İstanbul|Eskişehir|Muğla|"
    "Çanakkale|Artık kampanya mesajı almak istemiyor|Geçen ay üç gömlek sipariş etti|"
    "Öğleden sonra aranması gerekiyor|Uzun yıllardır sadık müşterimiz",
    "Greek": "Γιώργος Παπαδόπουλος|Ελένη Οικονόμου|Δημήτρης Αγγελίδης|Αθήνα|Θεσσαλονίκη|Ηράκλειο|"
    "Πάτρα|Δεν θέλει πια να λαμβάνει προσφορές|Αγόρασε δύο βιβλία την περασμένη εβδομάδα|"
    "Παρακαλεί να τηλεφωνήσουμε το απόγευμα|Πιστός πελάτης εδώ και χρόνια",
    "Russian": "Екатерина Смирнова|Алексей Кузнецов|Фёдор Щукин|Юлия Объедкова|Москва|"
    "Санкт-Петербург|Новосибирск|Йошкар-Ола|Больше не хочет получать рассылку|"
    "Заказал две книги и зимнюю куртку|Просит звонить только после обеда|"
    "Постоянный покупатель уже несколько лет",
    "Ukrainian": "Олександр Шевченко|Їжакевич Ганна|Євген Ґалаґан|Наталія Щербак|Київ|Львів|"
    "Чернівці|Запоріжжя|Більше не бажає отримувати розсилку|Замовив дві книжки і зимову куртку|"
    "Просить телефонувати після обіду|Постійний покупець уже кілька років",
    "Bulgarian": "Георги Димитров|Цветелина Йорданова|Румяна Ангелова|София|Пловдив|Бургас|Търново|"
    "Вече не желае да получава съобщения|Поръча две книги и зимно яке|"
    "Моли да звъним само след обяд|Редовен клиент от няколко години",
    "Serbian": "Јелена Николић|Ђорђе Петровић|Љиљана Џаковић|Београд|Нови Сад|Ниш|Крагујевац|"
    "Више не жели да прима поруке|Наручио је две књиге и зимску јакну|"
    "Моли да га зовемо после подне|Веран купац већ неколико година",
    "Kazakh": "Нұрсұлтан Әбішұлы|Гүлнәр Жүнісова|Ерлан Қасымов|Алматы|Қарағанды|Өскемен|Шымкент|"
    "Енді хабарлама алғысы келмейді|Өткен айда екі кітап сатып алды|"
    "Түстен кейін қоңырау шалуды сұрайды",
    "Hebrew": "דוד כהן|שרה לוי|יצחק פרידמן|רחל אברהמי|ירושלים|תל אביב|חיפה|באר שבע|"
    "לא רוצה לקבל הודעות נוספות|הזמין שני ספרים בשבוע שעבר|מבקש להתקשר רק אחרי הצהריים|"
    "לקוח נאמן כבר כמה שנים",
    "Arabic": "محمد عبد الله|فاطمة الزهراء|أحمد المصري|ليلى حسين|القاهرة|الرياض|الدار البيضاء|دمشق|"
    "لا يريد استلام رسائل أخرى|طلب كتابين في الأسبوع الماضي|يرجى الاتصال بعد الظهر فقط|"
    "عميل دائم منذ عدة سنوات",
    "Thai": "สมชาย ใจดี|สมหญิง รักไทย|ประเสริฐ วงศ์สวัสดิ์|กรุงเทพมหานคร|เชียงใหม่|ขอนแก่น|ภูเก็ต|"
    "ไม่ต้องการรับข้อความอีกแล้ว|สั่งหนังสือสองเล่มเมื่อเดือนก่อน|กรุณาโทรหลังเที่ยงเท่านั้น|"
    "เป็นลูกค้าประจำมาหลายปี",
    "Vietnamese": "Nguyễn Văn Hùng|Trần Thị Thuý|Phạm Đức Lộc|Lê Hoàng Phương|Hà Nội|Đà Nẵng|"
    "Cần Thơ|Thành phố Hồ Chí Minh|Không muốn nhận tin nhắn nữa|Đã đặt hai quyển sách tháng trước|"
    "Xin gọi lại sau buổi trưa|Khách hàng quen từ nhiều năm",
    "Japanese": "山田太郎|佐藤花子|高橋さくら|ミュラー・ハンス|東京都|横浜市|札幌市|福岡県|"
    "今後のお知らせは不要です|先月、本を二冊注文しました|午後に電話をお願いします|"
    "カタカナで名前をご記入ください",
    "Simplified Chinese": "王小明|李丽华|张伟国|陈静|北京市|上海市|广州|深圳|不想再收到任何消息|"
    "上个月订购了两本书|请在下午给客户打电话|多年的老客户，服务满意",
    "Traditional Chinese": "王小明|李麗華|張偉國|陳靜怡|臺北市|高雄市|香港|臺南|"
    "不想再收到任何訊息|上個月訂購了兩本書|請在下午打電話給客戶|多年的老客戶，對服務滿意",
    "Korean": "김민수|이영희|박지훈|최수진|서울특별시|부산광역시|대구|인천|"
    "더 이상 소식을 받고 싶지 않음|지난달에 책 두 권을 주문했습니다|"
    "오후에 전화해 주시기 바랍니다|오래된 단골 고객입니다",
}
WORDS = {language: tuple(words.split("|")) for language, words in _WORDS.items()}

_WESTERN = "cp1252 latin-1 iso8859-15 mac-roman cp850 cp437 cp858 utf-16"
_NORDIC = "cp1252 latin-1 iso8859-10 mac-roman mac-iceland cp850"
_CENTRAL = "cp1250 iso8859-2 mac-latin2 cp852 iso8859-16"
_BALTIC = "cp1257 iso8859-13 iso8859-4 cp775"
_CYRILLIC = "cp1251 koi8-r koi8-u iso8859-5 cp866 cp855 cp1125 mac-cyrillic"
#: Which encodings a text of each language was kept in.
_ENCODINGS = {
    "French": f"{_WESTERN} cp863 cp037 cp500 cp1140 utf-16-le utf-32 utf-32-le utf-32-be hp-roman8",
    "German": f"{_WESTERN} cp273 cp500 cp037",
    "Spanish": f"{_WESTERN} cp037",
    "Portuguese": f"{_WESTERN} cp860 cp500",
    "Danish": f"{_NORDIC} cp865",
    "Swedish": f"{_NORDIC} cp437",
    "Finnish": _NORDIC,
    "Icelandic": f"{_NORDIC} cp861",
    "Polish": _CENTRAL,
    "Czech": "cp1250 iso8859-2 mac-latin2 cp852 utf-16-be",
    "Hungarian": _CENTRAL,
    "Romanian": "cp1250 iso8859-2 cp852",
    "Croatian": _CENTRAL,
    "Lithuanian": _BALTIC,
    "Latvian": _BALTIC,
    "Estonian": f"{_BALTIC} cp1252 iso8859-15",
    "Turkish": "cp1254 iso8859-9 iso8859-3 mac-turkish cp857 cp1026",
    "Greek": "cp1253 iso8859-7 mac-greek cp737 cp869 cp875 utf-16 utf-16-le",
    "Russian": f"{_CYRILLIC} utf-16-le utf-16-be utf-32-le",
    "Ukrainian": "cp1251 koi8-u iso8859-5 cp1125 mac-cyrillic",
    "Bulgarian": "cp1251 iso8859-5 cp866 mac-cyrillic cp855",
    "Serbian": "cp1251 iso8859-5 cp855 mac-cyrillic",
    "Kazakh": "kz1048 ptcp154 utf-16-le",
    "Hebrew": "cp1255 iso8859-8 cp862 cp424 cp856",
    "Arabic": "cp1256 iso8859-6 cp720",
    "Thai": "cp874 tis-620 iso8859-11 utf-16-le",
    "Vietnamese": "cp1258 utf-16-le",
    "Japanese": "shift_jis cp932 euc_jp iso2022_jp iso2022_jp_2 euc_jis_2004 shift_jis_2004 "
    "utf-16 utf-16-le utf-16-be utf-32-be",
    "Simplified Chinese": "gb2312 gbk gb18030 utf-16-le utf-32-le",
    "Traditional Chinese": "big5 cp950 big5hkscs gb18030 utf-16-be",
    "Korean": "euc_kr cp949 johab iso2022_kr utf-16-le utf-32-be",
}
PAIRS = [
    (language, encoding)
    for language, encodings in _ENCODINGS.items()
    for encoding in encodings.split()
]


def encoded(text: str, encoding: str) -> bytes:
    """`text` in `encoding`; in that of Vietnamese, accents are characters of their own."""
    if encoding != "cp1258":
        return text.encode(encoding)
    return "".join(char if _fits(char, encoding) else _apart(char) for char in text).encode(
        encoding
    )


def _apart(char: str) -> str:
    """A letter of Vietnamese, and its tone behind it."""
    parts = unicodedata.normalize("NFD", char)
    tones = [mark for mark in parts[1:] if _fits(mark, "cp1258")]
    letter = "".join(part for part in parts if part not in tones)
    return unicodedata.normalize("NFC", letter) + "".join(tones)


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def table(language: str, encoding: str, rows: int, seed: int = 0, cells: int = 3) -> str:
    """A table of so many rows, whose last `cells` columns are in `language`."""
    words = [each for each in WORDS[language] if encoding == "cp1258" or _fits(each, encoding)]
    assert len(words) >= 3, (language, encoding)
    pick = random.Random(f"{language} {seed}")
    header = ",".join(["external_id", "email", "first_name", "home_city", "remark"][: 2 + cells])
    lines = [
        f"C-{1000 + row},user{row}@example.com,"
        + ",".join(f'"{each}"' if "," in each else each for each in pick.choices(words, k=cells))
        for row in range(rows)
    ]
    return "\n".join([header, *lines, ""])
