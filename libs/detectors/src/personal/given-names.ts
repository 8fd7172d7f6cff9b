/** Given names that are common in the countries whose ids are known, folded; best effort, and never complete. */
export const givenNames: ReadonlySet<string> = new Set(
  `james robert john michael david william richard joseph thomas charles christopher daniel matthew anthony mark donald
  steven paul andrew joshua kenneth kevin brian george timothy ronald edward jason jeffrey ryan jacob gary nicholas eric
  jonathan stephen larry justin scott brandon benjamin samuel gregory alexander patrick frank raymond jack dennis jerry
  tyler aaron jose adam nathan henry zachary douglas peter kyle noah ethan jeremy walter christian keith roger terry
  austin sean gerald carl harold dylan arthur lawrence jordan jesse bryan billy bruce gabriel joe logan alan juan albert
  willie elijah wayne randy vincent mason roy ralph bobby russell bradley philip eugene mary patricia jennifer linda
  elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley kimberly emily donna michelle carol
  amanda melissa deborah stephanie rebecca sharon laura cynthia dorothy amy kathleen angela shirley emma brenda pamela
  nicole anna samantha katherine christine helen debra rachel carolyn janet maria catherine heather diane olivia julie
  joyce victoria ruth virginia lauren kelly christina joan evelyn judith andrea hannah megan cheryl jacqueline martha
  madison teresa gloria sara janice ann kathryn abigail sophia frances jean alice judy isabella julia grace amber denise
  danielle marilyn beverly charlotte natalie theresa diana brittany doris kayla alexis lori marie oliver harry charlie
  jacob alfie freddie oscar leo archie theo finley isla amelia poppy freya florence evie elsie daisy nigel colin graham
  ian stuart neil simon hans peter klaus jurgen wolfgang dieter manfred uwe gunter horst bernd stefan andreas matthias
  sebastian tobias florian lukas jonas felix maximilian jan tim niklas philipp moritz ursula monika petra sabine renate
  helga brigitte ingrid erika claudia susanne katrin anja silke heike birgit lena lea mia leonie johanna greta jean pierre
  michel philippe alain bernard jacques daniel francois nicolas christophe laurent julien guillaume antoine mathieu louis
  hugo lucas gabriel camille chloe manon lea ines jade louise nathalie isabelle sylvie catherine martine francoise
  veronique sandrine celine aurelie emilie antonio jose manuel francisco juan javier carlos miguel rafael pedro alejandro
  pablo sergio alberto fernando diego alvaro carmen josefa isabel dolores pilar teresa lucia paula marta elena raquel
  cristina rocio beatriz ana giuseppe giovanni luigi mario francesco angelo vincenzo pietro salvatore carlo marco andrea
  alessandro matteo lorenzo davide riccardo stefano giorgio giulia chiara francesca sofia martina alessia elisa valentina
  federica silvia rosa paola raj rahul amit vijay sanjay rajesh suresh ramesh anil sunil arjun rohan aditya vikram karan
  ravi deepak manoj ashok priya anjali pooja neha sunita anita kavita meera lakshmi divya sneha asha rekha nisha aarav
  joao pedro lucas mateus gustavo felipe rodrigo marcelo luiz paulo thiago bruno leonardo mariana juliana fernanda camila
  leticia gabriela aline patricia tatiana larissa mohammed mohamed ahmed ali omar hassan fatima aisha yusuf ibrahim wei
  li ming mei yuki kenji hiroshi sakura olga ivan dmitri natasha svetlana sergei katarzyna piotr agnieszka tomasz lars
  anders erik astrid bjorn ingeborg zeynep mehmet mustafa ayse jorg jurgen heinz karl friedrich kurt otto gerhard werner`
    .split(/\s+/)
    .filter((name) => name.length > 1),
)

/** Words in capitals that stand after a given name and are no one's family name. */
export const noFamilyNames: ReadonlySet<string> = new Set(
  `january february march april may june july august september october november december monday tuesday wednesday
  thursday friday saturday sunday street avenue road lane drive university college school hospital church airport station
  inc ltd llc gmbh corp company bank group hotel park beach city county river lake island islands mountain mountains award
  prize day week the and or of in on at for with is was are were has have had will would can could should api sdk http
  url json xml sql id key bridge building center centre foundation institute museum stadium valley square hall house
  scale method test theorem algorithm equation constant law model effect principle distribution`
    .split(/\s+/)
    .filter((word) => word !== ''),
)
