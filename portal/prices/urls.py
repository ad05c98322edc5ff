from django.urls import path

from portal.prices import projection, views

app_name = "prices"
urlpatterns = [
    path("", views.books, name="list"),
    path("new/", views.new, name="new"),
    path("projection/", projection.projection, name="projection"),
    path("<int:pk>/", views.book, name="detail"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/end/", views.end, name="end"),
    path("<int:pk>/export/", views.export, name="export"),
]
