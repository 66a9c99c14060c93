"""The report: one HTML file that needs nothing else, in French and in English.

words      numbers and sentences in both languages
plot       axes, lines, bands and bars as SVG
charts     automation against error, cost, calibration
calendar   what goes by days: errors, work, drift, retraining
tables     variants, sections, disagreements
findings   the sentences at the top
sections   of what does not go by days
over_time  sections of what does
page       all of it put together, with style.css and switch.js
"""
