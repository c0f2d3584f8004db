"""Describe for each group of people what they do, when, and what happens then: the text of the help pages."""

from __future__ import annotations

from dataclasses import dataclass

from shared.i18n import N_


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: what, when, and what happens then; marked for translation."""

    what: str
    when: str
    then: str


@dataclass(frozen=True, slots=True)
class Guide:
    """The help page of a group of people; `code` ends its address, and names its picture in `static/help/`."""

    code: str
    title: str
    introduction: str
    picture: str
    """The text for people who do not see the picture; empty for a guide that has none."""
    steps: tuple[Step, ...]


GUIDES = (
    Guide(
        "officers",
        N_("Help for officers"),
        N_("You apply for a study visit or for a mentor. The page of your application always shows the next step."),
        N_("The page of an application. It shows the status, who it is assigned to, the next step and the due date."),
        (
            Step(
                N_("Choose a call and apply."),
                N_("While the call is open."),
                N_("We save your draft. You can delete it until you send it."),
            ),
            Step(
                N_("Send your application."),
                N_("Before the call closes."),
                N_("Your national coordinator endorses it, returns it for information, or gives a reason why not."),
            ),
            Step(
                N_("Answer the coordinator's question, if there is one."),
                N_("By the date in our email."),
                N_("Your coordinator reads your application again."),
            ),
            Step(
                N_("Wait for an offer."),
                N_("After your coordinator has endorsed the application."),
                N_("We check the call's rules and look for a place. Both countries must agree before you see it."),
            ),
            Step(
                N_("Accept or decline the offer."),
                N_("By the date on the offer."),
                N_("If both sides accept, we set the dates. Without an answer, the place goes to the next in line."),
            ),
            Step(
                N_("Prepare your visit, or sign the mentoring agreement."),
                N_("Before you travel or meet."),
                N_("The page of the visit or mentorship shows what is still missing, and who does it."),
            ),
            Step(
                N_("Take the short test before your visit, and the test after it."),
                N_("By the dates in our emails."),
                N_("You cannot fail. After the second test you see what you learnt. Some visits have no test."),
            ),
            Step(
                N_("Evaluate it and send your report."),
                N_("By the dates in our emails."),
                N_("You get your certificate for a visit when both sides have evaluated it and we have your report."),
            ),
            Step(
                N_("Teach your colleagues what you learnt, and report each session."),
                N_("After you return."),
                N_("Your line manager confirms how many colleagues you reached."),
            ),
            Step(
                N_("Tell us how you use the new knowledge at work."),
                N_("Six months after the visit or mentorship."),
                N_("Your line manager is asked too. The results go into the programme's figures without your name."),
            ),
        ),
    ),
    Guide(
        "hosts",
        N_("Help for hosts"),
        N_("You offer places for guests from other countries. We find officers who fit your placement."),
        N_("The page of a placement. It shows the status, the topics, the periods and the number of places."),
        (
            Step(
                N_("Add a placement for a call and submit it."),
                N_("Before the call's matching begins."),
                N_("Your national coordinator endorses it, or returns it with a question."),
            ),
            Step(
                N_("Publish the placement."),
                N_("Once it is endorsed."),
                N_("It takes part in the matching. Officers can read it without contact details."),
            ),
            Step(
                N_("Confirm that it is still available."),
                N_("When our email asks you."),
                N_("Without an answer, we pause the placement. You can resume it at any time."),
            ),
            Step(
                N_("Accept or decline a guest."),
                N_("By the date on the match."),
                N_("If both sides accept, we set the dates and send an invitation for your calendar."),
            ),
            Step(
                N_("Agree on the agenda and prepare the visit."),
                N_("Before the visit."),
                N_("The page of the visit shows what is still missing, and who does it."),
            ),
            Step(
                N_("Record who was there on each day."),
                N_("On each day of the visit, or soon after it."),
                N_("The visit is completed. You and your guest get a form to evaluate it."),
            ),
        ),
    ),
    Guide(
        "mentors",
        N_("Help for mentors"),
        N_("You share what you know with an officer from another country, mostly online."),
        N_("The page of a mentorship. It shows the status, the goals and the sessions."),
        (
            Step(
                N_("Write your profile and publish it."),
                N_("While you have time for a mentee."),
                N_("It takes part in the matching. Officers can read it without your name."),
            ),
            Step(
                N_("Confirm that you still take mentees."),
                N_("When our email asks you."),
                N_("Without an answer, we pause your profile. You can resume it at any time."),
            ),
            Step(
                N_("Accept or decline a mentee."),
                N_("By the date on the match."),
                N_("If both sides accept, you get the mentoring agreement."),
            ),
            Step(
                N_("Sign the agreement."),
                N_("By the date in our email."),
                N_("The mentorship begins when both of you have signed."),
            ),
            Step(
                N_("Plan your sessions and log each of them."),
                N_("During the mentorship."),
                N_("Your mentee confirms each session that you log, and you confirm theirs."),
            ),
            Step(
                N_("Evaluate the mentorship."),
                N_("At its end."),
                N_("The results go into the programme's figures without your name."),
            ),
        ),
    ),
    Guide(
        "line-managers",
        N_("Help for line managers"),
        N_("One of your officers takes part and has named you. You need no account. Our emails have a link."),
        "",
        (
            Step(
                N_("Read our first email."),
                N_("After an officer has named you."),
                N_("You do not need to do anything else. If it is not correct, tell the officer."),
            ),
            Step(
                N_("Open the link in an email."),
                N_("When we ask you a question."),
                N_("The link works for ten more minutes after you open the form. Then you can ask for a new link."),
            ),
            Step(
                N_("Confirm a training session that your officer held for colleagues."),
                N_("After the officer has reported it."),
                N_("Only what you confirm is counted. You can enter a lower number, or say why you cannot confirm it."),
            ),
            Step(
                N_("Tell us how the officer uses the new knowledge at work."),
                N_("Six months after the visit or mentorship."),
                N_("The results go into the programme's figures without your name."),
            ),
        ),
    ),
    Guide(
        "coordinators",
        N_("Help for national coordinators"),
        N_("You decide for your country. Your first page lists what to do, with the most urgent task first."),
        N_("The list of applications of a country, with the status, the next step and the due date of each."),
        (
            Step(
                N_("Endorse applications and placements."),
                N_("By the due date in the list."),
                N_("If you do not answer, we ask your deputy, and then the programme coordinator."),
            ),
            Step(
                N_("Clear matches: agree to them, or refuse."),
                N_("By the due date on the match."),
                N_("The officer's country decides first, then the host's."),
            ),
            Step(
                N_("Name a deputy."),
                N_("Before you are away."),
                N_("The deputy decides for you between the two dates that you enter."),
            ),
            Step(
                N_("Confirm the access of your country's people."),
                N_("Once a year."),
                N_("Access that nobody confirms ends."),
            ),
            Step(
                N_("Report the results for your country's services."),
                N_("Six months after a visit or mentorship."),
                N_("They go into the programme's figures."),
            ),
        ),
    ),
    Guide(
        "clearance",
        N_("Help for clearance officers"),
        N_("You decide for your EU agency, as a national coordinator does for a country."),
        N_("The list of placements of an EU agency. It shows the host, the status and the due date of each."),
        (
            Step(
                N_("Endorse applications and placements."),
                N_("By the due date in the list."),
                N_("If you do not answer, we ask your deputy, and then the programme coordinator."),
            ),
            Step(
                N_("Clear matches: agree to them, or refuse."),
                N_("By the due date on the match."),
                N_("The officer's side decides first, then the host's. If both clear it, we send the offers."),
            ),
            Step(
                N_("Propose people of your agency in the register."),
                N_("Before they need access."),
                N_("The programme coordinator approves your proposal, or declines it."),
            ),
            Step(
                N_("Name a deputy."),
                N_("Before you are away."),
                N_("The deputy decides for you between the two dates that you enter."),
            ),
            Step(
                N_("Confirm the access of your agency's people."),
                N_("Once a year."),
                N_("Access that nobody confirms ends."),
            ),
        ),
    ),
    Guide(
        "programme",
        N_("Help for programme coordinators"),
        N_("You run the calls and the matching, and you publish the figures."),
        N_("The board of the matching. It shows the open call, the provisional matches and the cases by status."),
        (
            Step(
                N_("Write a call and publish it."),
                N_("Before it opens."),
                N_("Officers of the partner countries can apply on the day on which it opens."),
            ),
            Step(
                N_("Check eligibility."),
                N_("After a country has endorsed an application."),
                N_("Eligible applications join the matching. The officer reads why another does not."),
            ),
            Step(
                N_("Read the provisional matches and commit a cohort."),
                N_("When enough good matches are there."),
                N_("Both countries are asked to clear each match. Nobody is notified before you commit."),
            ),
            Step(
                N_("Help where a case is overdue."),
                N_("Each day."),
                N_("The board lists each case whose due date has passed, and who it is assigned to."),
            ),
            Step(
                N_("Submit the figures of a period for approval."),
                N_("After the period has ended."),
                N_("Another coordinator or an evaluator approves them. Then you publish them."),
            ),
        ),
    ),
    Guide(
        "figures",
        N_("Help for donors and evaluators"),
        N_("You read what the programme achieved, and you can check each figure. You see no names."),
        N_("The page of the figures. It shows a published period, its downloads, and links to targets and trends."),
        (
            Step(
                N_("Open the figures and choose a period."),
                N_("Once a period is published."),
                N_("You see the newest published period first. Evaluators also see periods before they are published."),
            ),
            Step(
                N_("Open a figure."),
                N_("When you want to know what it counts."),
                N_("You see its definition, its parts, and how many events it was counted from."),
            ),
            Step(
                N_("Compare periods, or look at targets and trends."),
                N_("When several periods are published."),
                N_("You see each difference, unless the definition has changed in between."),
            ),
            Step(
                N_("Download the files."),
                N_("At any time after a period is published."),
                N_("Each file stays at its address. A correction gets files of its own, and the old files stay too."),
            ),
            Step(
                N_("As an evaluator, remind people of missing answers."),
                N_("While answers to a form are missing."),
                N_("People who have not answered get an email with a link to the form."),
            ),
            Step(
                N_("As an evaluator, approve figures or return them."),
                N_("After somebody else has submitted them."),
                N_("Approved figures are frozen. An evaluator or a programme coordinator then publishes them."),
            ),
        ),
    ),
    Guide(
        "protection",
        N_("Help for data protection officers"),
        N_("You protect people's data. You see who opened it, and you can erase text that people wrote."),
        N_("The page of an incident report. It shows the status, who it is with, and the next step."),
        (
            Step(
                N_("Follow up incident reports."),
                N_("When somebody has chosen you as a reader."),
                N_("The person who reported it sees that you follow it up. Each time you open a report, we record it."),
            ),
            Step(
                N_("Close the report with an answer."),
                N_("When you have found out what happened."),
                N_("The person who reported it can read your answer, but not your notes."),
            ),
            Step(
                N_("Open the audit and see who had access to personal data."),
                N_("When somebody asks, or when you want to check."),
                N_("You see each release of names, with fields, recipient and purpose. You can download the list."),
            ),
            Step(
                N_("Find the free text about an application."),
                N_("When somebody asks to see it or to have it erased."),
                N_("You enter the reference of the application. We record each view."),
            ),
            Step(
                N_("Erase the text, with a reason."),
                N_("When the request is justified."),
                N_("The text is erased for good. Ratings and dates stay, so no figure changes."),
            ),
            Step(
                N_("Plan with the operator how to erase an application or an account."),
                N_("When somebody asks for it."),
                N_("Tandem has no page for this."),
            ),
        ),
    ),
    Guide(
        "auditors",
        N_("Help for auditors"),
        N_("You see what people did and tried, and you can check each published figure."),
        N_("The audit of releases of names. It shows when, what for, which fields, and to whom."),
        (
            Step(
                N_("Open the audit and choose what you want to see."),
                N_("At any time."),
                N_("You see refused attempts, changes to the register, releases of names, and views of personal data."),
            ),
            Step(
                N_("Filter the list and download it."),
                N_("When you look for a person, a country or certain days."),
                N_("You get a file with at most 10,000 lines."),
            ),
            Step(
                N_("Read the sent messages."),
                N_("When you want to know who was notified."),
                N_("You see each message, its state, and the reason if it was not sent."),
            ),
            Step(
                N_("Follow a figure to its events."),
                N_("Once a period is published."),
                N_("You see the events that it was counted from, and the commands that compute it again."),
            ),
            Step(
                N_("See who fetched files for donors."),
                N_("At any time."),
                N_("You see each token, who issued it, and which files it fetched."),
            ),
        ),
    ),
)
"""The guides in the order of the help page."""
